//! What a script compared and what it saw, so that a decision can be explained afterwards. Serving threads never trace.
//!
//! A value is shown only where it is known to be nobody's: written in the script, or equal to what the flow holds under
//! the name that the script read it by, and harmless there (law 13).

mod expressions;
mod told;
mod tracer;

#[cfg(test)]
mod tests;

pub use told::Seen;
pub use told::Side;
pub use told::Tested;
pub use told::Trace;
pub(super) use tracer::begin;
pub(super) use tracer::is_tracing;
pub use tracer::traced;
pub(super) use tracer::tracing_engine;
