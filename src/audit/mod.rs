//! The record of everything that happened: what a record says, and the proof that it is durable.
//!
//! [`Recorded`] is laws 1 and 2 as a type: only the [`Recorder`] makes one, and only after the commit
//! returned. [`log`] makes tampering with what is recorded show (law 12).

mod application;
mod canonical;
mod commit;
pub mod evidence;
pub mod log;
mod pace;
mod receipt;
mod record;
mod recorder;
pub mod seal;
mod stats;
pub mod timestamp;
mod unit;
mod written;

pub use application::ApplicationKind;
pub use application::ApplicationStep;
pub use application::RequiredCheck;
pub use commit::Commit;
pub use commit::CommitError;
pub use commit::Committing;
pub use receipt::Promised;
pub use receipt::Receipt;
pub use receipt::ReceiptError;
pub use receipt::anchored;
pub use record::AdminRecord;
pub use record::ApplicationRecord;
pub use record::BrowserRecord;
pub use record::CallbackRecord;
pub use record::CheckRecord;
pub use record::ConsentItem;
pub use record::ConsentRecord;
pub use record::CorrectionRecord;
pub use record::DeliveryRecord;
pub use record::DocumentRecord;
pub use record::EndingRecord;
pub use record::Event;
pub use record::NotMeRecord;
pub use record::NoticeRecord;
pub use record::Record;
pub use record::RefusalRecord;
pub use record::ReplyRecord;
pub use record::RequestRecord;
pub use record::StepRecord;
pub use record::Subject;
pub use record::VerdictRecord;
pub use recorder::Recorded;
pub use recorder::Recorder;
pub use recorder::RecorderOptions;
pub use stats::BATCH_BOUNDS;
pub use stats::RecorderStats;
pub use unit::DeliveryChange;
pub use unit::DeliveryRow;
pub use unit::ExchangeDirection;
pub use unit::ExchangeRow;
pub use unit::FlowChange;
pub use unit::FlowRow;
pub use unit::Unit;
pub use written::Written;
pub use written::WrittenEvent;
