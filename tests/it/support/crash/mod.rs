//! What the crash test is made of: a node that is killed again and again, an authority and an e-service that
//! live on, the books that all three keep, and the comparison of these books.

mod audit_book;
mod authority;
mod campaign;
mod dice;
mod e_service;
mod load;
mod manner;
mod opener;
mod reconcile;
mod victim;

pub use audit_book::Ended;
pub use audit_book::FlowPage;
pub use campaign::Campaign;
pub use campaign::Tally;
pub use campaign::first_starts;
pub use reconcile::Disagreement;
pub use reconcile::Fault;
pub use reconcile::Ledgers;
pub use reconcile::Stage;
pub use reconcile::disagreements;
