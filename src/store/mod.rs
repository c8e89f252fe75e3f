//! The memory between the stages, and the only place that knows SQL.
