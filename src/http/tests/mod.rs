//! Each router as a whole, against the fake.

mod admin;
mod ask;
mod browser;
mod callback_listener;
mod demo_journey;
mod e_service_api;
mod every_header;
mod lint;
mod page_texts;
mod pictures;
mod problems;
mod slow_clients;
mod witness;
