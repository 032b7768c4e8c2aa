//! The subscription form in a neutral shape: it becomes policy files, and comes back from them unchanged.

mod draft;
mod model;
mod texts;

#[cfg(test)]
mod tests;

pub use draft::Drafted;
pub use model::Form;
pub use model::FormService;
