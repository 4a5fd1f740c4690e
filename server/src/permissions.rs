//! What a key may do. STUB.
