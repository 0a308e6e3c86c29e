//! Sockets, limits, health and graceful stop around the engine.
