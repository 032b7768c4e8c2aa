use std::sync::Arc;

use super::Sources;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::Diagnostics;
use crate::diagnostics::Label;
use crate::diagnostics::Position;
use crate::diagnostics::codes;
use crate::policy;
use crate::policy::Rule;
use crate::policy::Rulebook;
use crate::script::Question;
use crate::script::Questions;

/// Every rulebook that applies: the one that comes with midflow, and the provider's own.
#[derive(Debug)]
pub struct Rulebooks {
    books: Vec<Arc<Book>>,
}

/// One rulebook with its expressions parsed.
#[derive(Debug)]
pub(super) struct Book {
    /// The path and text it was read from.
    file: String,
    text: Arc<str>,
    rulebook: Rulebook,
    /// For each rule its expression, if it has one.
    questions: Vec<Option<Question>>,
}

impl Rulebooks {
    /// Reads what the sources hold. Files that are as in `previous` are not read again. All problems are found in one
    /// run; a rulebook that has one is left out, and the catalog does not load.
    pub(super) fn read(sources: &Sources, previous: Option<&Self>) -> (Self, Diagnostics) {
        let mut found = Diagnostics::default();
        let mut books: Vec<Arc<Book>> =
            vec![previous.map_or_else(Book::shipped, |previous| previous.shipped())];
        let mut questions: Option<Questions> = None;
        for (file, text) in sources.iter().filter(|(file, _)| is_rulebook(file)) {
            if file == Rulebook::SHIPPED_FILE {
                if **text != *Rulebook::SHIPPED_TEXT {
                    found.push(not_read(file));
                }
                continue;
            }
            let known = previous.and_then(|previous| previous.known(file, text));
            let book = known.or_else(|| {
                let questions = questions.get_or_insert_with(Questions::default);
                let (book, problems) = Book::read(file, text, questions);
                found.extend(problems);
                book.map(Arc::new)
            });
            let Some(book) = book else {
                continue;
            };
            for rule in &book.rulebook.rules {
                if let Some(taken) = taken(&books, rule) {
                    found.push(same_twice(rule, &taken));
                }
            }
            books.push(book);
        }
        (Self { books }, found)
    }

    /// The rulebooks, that of midflow first.
    pub fn iter(&self) -> impl Iterator<Item = &Rulebook> {
        self.books.iter().map(|book| &book.rulebook)
    }

    /// Every rule with its rulebook and its expression.
    pub(super) fn rules(&self) -> impl Iterator<Item = (&Rulebook, &Rule, Option<&Question>)> {
        self.books.iter().flat_map(|book| {
            book.rulebook
                .rules
                .iter()
                .zip(&book.questions)
                .map(move |(rule, question)| (&book.rulebook, rule, question.as_ref()))
        })
    }

    /// Whether both hold the same rules, without reading them.
    pub(super) fn are_those_of(&self, other: &Self) -> bool {
        self.books.len() == other.books.len()
            && self
                .books
                .iter()
                .zip(&other.books)
                .all(|(one, other)| Arc::ptr_eq(one, other))
    }

    fn shipped(&self) -> Arc<Book> {
        self.books.first().map_or_else(Book::shipped, Arc::clone)
    }

    fn known(&self, file: &str, text: &Arc<str>) -> Option<Arc<Book>> {
        let same =
            |book: &&Arc<Book>| book.file == file && (Arc::ptr_eq(&book.text, text) || book.text == *text);
        self.books.iter().find(same).map(Arc::clone)
    }
}

impl Book {
    fn shipped() -> Arc<Self> {
        let rulebook = policy::shipped().clone();
        let questions = rulebook.rules.iter().map(|_| None).collect();
        Arc::new(Self {
            file: Rulebook::SHIPPED_FILE.to_owned(),
            text: Rulebook::SHIPPED_TEXT.into(),
            rulebook,
            questions,
        })
    }

    fn read(file: &str, text: &Arc<str>, questions: &Questions) -> (Option<Self>, Diagnostics) {
        let (rulebook, mut found) = policy::read_rulebook(file, text, false);
        let Some(rulebook) = rulebook else {
            return (None, found);
        };
        let mut parsed = Vec::new();
        for rule in &rulebook.rules {
            let question = rule.check.holds.as_ref().map(|holds| {
                let variables: &[&str] = if holds.each.is_some() {
                    &["service", "organization", "name", "value"]
                } else {
                    &["service", "organization"]
                };
                questions.parse(&holds.expression, variables).map_err(|why| Box::new({
                    let at = Position {
                        line: holds.place.line,
                        column: holds.place.column,
                    };
                    Diagnostic::error(
                        codes::BAD_RULE,
                        format!("the expression of `{}` can't be read: {why}", rule.id),
                        label(file, at),
                    )
                    .help("write an expression over `service` and `organization` that gives `true` or `false`")
                }))
            });
            match question.transpose() {
                Ok(question) => parsed.push(question),
                Err(problem) => found.push(*problem),
            }
        }
        let whole = parsed.len() == rulebook.rules.len();
        let book = whole.then(|| Self {
            file: file.to_owned(),
            text: Arc::clone(text),
            rulebook,
            questions: parsed,
        });
        (book, found)
    }
}

/// The rulebook that has a rule of the same id already.
fn taken(books: &[Arc<Book>], rule: &Rule) -> Option<String> {
    books
        .iter()
        .find(|book| book.rulebook.rules.iter().any(|other| other.id == rule.id))
        .map(|book| book.rulebook.id.clone())
}

fn same_twice(rule: &Rule, taken: &str) -> Diagnostic {
    let at = Position {
        line: rule.place.line,
        column: rule.place.column,
    };
    Diagnostic::error(
        codes::SAME_RULE_TWICE,
        format!("`{}` is already a rule of `{taken}`", rule.id),
        label(&rule.place.file, at),
    )
    .help("give the rule an id of its own; a rulebook adds rules and takes none away")
}

fn not_read(file: &str) -> Diagnostic {
    let start = Position { line: 1, column: 1 };
    Diagnostic::warning(
        codes::RULEBOOK_NOT_READ,
        format!("{file} has the name of the rulebook that comes with midflow"),
        label(file, start),
    )
    .help("give it another name; the rules of midflow apply as they are, and yours may be added to them")
}

fn is_rulebook(file: &str) -> bool {
    file.strip_prefix(RULEBOOKS)
        .is_some_and(|name| name.ends_with(".yaml") && !name.contains('/'))
}

fn label(file: &str, start: Position) -> Label {
    Label {
        file: file.to_owned(),
        start,
        end: Position {
            column: start.column.saturating_add(1),
            ..start
        },
        text: String::new(),
    }
}

const RULEBOOKS: &str = "policies/rulebooks/";
