//! Requests per minute of keys and routes. STUB.
