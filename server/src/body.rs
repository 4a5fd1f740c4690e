//! Bodies: what is read of them on the way (`peek`, `capture`, `sse`), and how they flow.
