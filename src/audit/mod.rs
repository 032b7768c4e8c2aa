//! The record of everything that happened: what a record says, and the proof that it is durable.
//!
//! [`Recorded`] is laws 1 and 2 as a type: only the [`Recorder`] makes one, and only after the commit
//! returned. The tamper-evident log over these records is a later step and has its place here.

mod record;
mod recorder;

pub use record::AdminRecord;
pub use record::CallbackRecord;
pub use record::CheckRecord;
pub use record::DeliveryRecord;
pub use record::EndingRecord;
pub use record::Event;
pub use record::Record;
pub use record::RefusalRecord;
pub use record::ReplyRecord;
pub use record::RequestRecord;
pub use record::VerdictRecord;
pub use recorder::Commit;
pub use recorder::CommitError;
pub use recorder::DeliveryChange;
pub use recorder::DeliveryRow;
pub use recorder::ExchangeDirection;
pub use recorder::ExchangeRow;
pub use recorder::FlowChange;
pub use recorder::FlowRow;
pub use recorder::Recorded;
pub use recorder::Recorder;
pub use recorder::RecorderOptions;
pub use recorder::Unit;
