// SharingOrchestrator
