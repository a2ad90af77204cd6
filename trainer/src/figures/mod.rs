//! Metrics with confidence intervals, and plots of them.

pub mod composition;
pub mod evaluation;
pub mod history;
pub mod intervals;
pub mod metrics;
pub mod plots;
