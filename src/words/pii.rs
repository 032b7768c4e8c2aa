use zeroize::Zeroize;

/// Personal data (law 13): it has no `Debug`, `Display` or `Serialize`, so it can't slip into a log, an
/// error or a metric. The one door is [`Pii::expose`], which names why.
///
/// ```compile_fail,E0277
/// let name = midflow::words::Pii::new(String::from("someone"));
/// println!("{name:?}");
/// ```
///
/// ```compile_fail,E0277
/// let name = midflow::words::Pii::new(String::from("someone"));
/// println!("{name}");
/// ```
///
/// ```compile_fail,E0277
/// let name = midflow::words::Pii::new(String::from("someone"));
/// serde_json::to_string(&name).unwrap();
/// ```
///
/// The control, which compiles:
///
/// ```
/// let name = midflow::words::Pii::new(String::from("someone"));
/// assert_eq!(name.expose(midflow::words::Purpose::Citizen).len(), 7);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Pii<T>(T);

/// Why personal data is read. Each use in the code is found by searching for the variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To show it to the person it belongs to.
    Citizen,
    /// To compare it, without keeping it.
    Compare,
    /// To hand declared fields to the e-service that declared them.
    Deliver,
    /// To derive a smaller claim from it, such as an age limit.
    Derive,
    /// To prove what happened, to somebody who is entitled to know.
    Evidence,
    /// To let a policy script read a declared field.
    Script,
    /// To keep it in the store.
    Store,
    /// To send it to the authority.
    Wire,
}

impl<T> Pii<T> {
    /// Marks a value as personal.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// Reads the value for a named purpose.
    pub const fn expose(&self, _purpose: Purpose) -> &T {
        &self.0
    }
}

impl<T: Zeroize> Zeroize for Pii<T> {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}
