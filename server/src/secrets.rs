//! Encryption at rest. STUB: the storage room fills it.

/// Encrypts and decrypts stored credentials.
pub struct SecretBox {}
