// IdentityRelay
