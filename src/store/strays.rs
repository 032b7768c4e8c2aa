use std::collections::HashSet;

use super::Expected;
use crate::audit::log::Place;
use crate::words::Digest;

/// Finds rows that no record speaks of, and kept catalogs that are not what their names say, whatever store they lie in.
pub(super) struct Strays<'e> {
    expected: &'e Expected,
    found: Vec<(Place, String)>,
    /// When the last activation was.
    last_activation: i64,
    /// The files of kept catalogs.
    sources: HashSet<Digest>,
}

/// An activation of a catalog as it lies in the store.
pub(super) struct StoredActivation {
    pub(super) number: i64,
    pub(super) catalog: Digest,
    pub(super) at: i64,
    pub(super) actor: String,
    pub(super) set_aside: Option<Digest>,
}

impl<'e> Strays<'e> {
    pub(super) fn new(expected: &'e Expected) -> Self {
        Self {
            expected,
            found: Vec::new(),
            last_activation: i64::MIN,
            sources: HashSet::new(),
        }
    }

    /// A row of which there is no record.
    pub(super) fn unspoken(&mut self, place: Place) {
        self.note(place, "no record speaks of it");
    }

    /// A flow whose end has no record.
    pub(super) fn unspoken_end(&mut self, place: Place) {
        self.note(place, "no record speaks of its end");
    }

    /// Takes in the next activation, in the order of their numbers.
    pub(super) fn activation(&mut self, stored: &StoredActivation) {
        let place = Place::Activation(stored.number);
        let is_known = self.expected.activations.iter().any(|known| {
            let says_aside = stored
                .set_aside
                .is_none_or(|aside| known.detail.contains(&aside.short()));
            (known.catalog, known.at) == (stored.catalog, stored.at)
                && known.actor == stored.actor
                && says_aside
        });
        if !is_known {
            self.note(place.clone(), "it is not as any record says");
        }
        if stored.at < self.last_activation {
            self.note(place, "it is older than the one before it: they were exchanged");
        }
        self.last_activation = stored.at;
    }

    /// Takes in a file of kept catalogs; all of them before the first catalog.
    pub(super) fn source(&mut self, name: Digest, content: &[u8]) {
        self.sources.insert(name);
        if Digest::of(content) != name {
            self.note(Place::Source(name), "its content is not what its name says");
        }
    }

    /// Takes in a kept catalog.
    pub(super) fn catalog(&mut self, name: Digest, manifest: &[u8]) {
        if Digest::of(manifest) != name {
            self.note(
                Place::Catalog(name),
                "the list of its files is not what its name says",
            );
            return;
        }
        for line in manifest.split(|byte| *byte == b'\n') {
            let mut file = [0; 32];
            let digits = line.get(..64).unwrap_or_default();
            let is_named = hex::decode_to_slice(digits, &mut file).is_ok();
            let file = Digest::from_bytes(file);
            if is_named && !self.sources.contains(&file) {
                self.note(Place::Source(file), "it is missing, and a kept catalog names it");
            }
        }
    }

    pub(super) fn into_found(self) -> Vec<(Place, String)> {
        self.found
    }

    fn note(&mut self, place: Place, what: &str) {
        self.found.push((place, what.to_owned()));
    }
}
