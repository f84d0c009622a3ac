// KeyCrypto
