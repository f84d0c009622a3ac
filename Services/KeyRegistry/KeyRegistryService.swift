// KeyRegistry
