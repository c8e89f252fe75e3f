//! Wiring and time: the only module that knows all stages.
