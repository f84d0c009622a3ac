// KeyProtocol
