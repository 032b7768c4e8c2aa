//! Forged, mutated and replayed callbacks against the real connector and the real engine: none approves, and each
//! is recorded. Honest ones with every quirk that has been seen: none is refused.
//!
//! `MIDFLOW_SEED` repeats a run, `MIDFLOW_SOAK=1` makes it ten times as long.

mod forger;
mod honest;
mod recorded;
mod verified;
