/// Chance that can be repeated: SplitMix64, good enough for tests and in need of no crate.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The seed of this run: `MIDFLOW_SEED`, or always the same one, so that what fails in CI fails here.
    pub fn seed() -> u64 {
        let told = std::env::var("MIDFLOW_SEED").ok();
        told.map_or(0x6d69_6466_6c6f_7700, |text| {
            text.parse().expect("MIDFLOW_SEED is a number")
        })
    }

    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not zero.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.roll() % end as u64).unwrap()
    }

    pub fn byte(&mut self) -> u8 {
        self.roll().to_le_bytes()[0]
    }

    /// True once in so many.
    pub fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    pub fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

/// Whether the long figures are asked for.
pub fn is_soak() -> bool {
    std::env::var_os("MIDFLOW_SOAK").is_some()
}
