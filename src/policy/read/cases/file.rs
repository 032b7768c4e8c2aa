use std::collections::BTreeMap;

use super::answers;
use super::expect;
use super::given;
use super::given::Written;
use super::table;
use crate::diagnostics::Diagnostics;
use crate::diagnostics::codes;
use crate::policy::AcceptedMutant;
use crate::policy::Answer;
use crate::policy::AnswerName;
use crate::policy::Case;
use crate::policy::Service;
use crate::policy::Step;
use crate::policy::TestFile;
use crate::policy::language;
use crate::policy::read::format_version;
use crate::policy::read::reader::Reader;
use crate::policy::yaml::Entry;
use crate::policy::yaml::Node;
use crate::policy::yaml::Span;
use crate::policy::yaml::shown;

/// Reads a test file. The tests are there only if nothing found is an error.
///
/// `service` finds the service that the file is about; the name of the file must be that of the service.
pub(in crate::policy) fn read_tests(
    file: &str,
    text: &str,
    service: &Service,
) -> (Option<TestFile>, Diagnostics) {
    let (mut reader, root) = Reader::open(file, text);
    let read = root.and_then(|root| tests(&mut reader, file, &root, service));
    let read = read.filter(|_| !reader.has_errors());
    // A mistake in a template is found once for every row.
    let mut once = Diagnostics::default();
    for found in reader.finish_plain() {
        if !once.iter().any(|known| *known == found) {
            once.push(found);
        }
    }
    (read, once)
}

fn tests(reader: &mut Reader<'_>, file: &str, root: &Node, service: &Service) -> Option<TestFile> {
    let map = reader.map(root, "", Span::default_first(), language::TESTS)?;
    format_version(reader, &map);
    if let Some(entry) = reader.required(&map, "tests", service.id.as_str())
        && let Some(name) = reader.string(&entry.node, "tests", service.id.as_str())
        && name != service.id.as_str()
    {
        reader.error(
            codes::CASE_OTHER_SERVICE,
            format!(
                "the file stands beside `{}` and says that it tests `{}`",
                service.id,
                shown(name)
            ),
            entry.node.span,
            format!("write `tests: {}`, or rename the file", service.id),
        );
    }
    let usual = map
        .get("given")
        .map(|entry| given::given(reader, entry, "given", service))
        .unwrap_or_default();
    let accepted = map
        .get("accepted")
        .map(|entry| accepted(reader, entry))
        .unwrap_or_default();
    let entry = reader.required(&map, "cases", "{ … }")?;
    let entries = reader.entries(&entry.node, "cases", entry.key_span)?;
    if entries.is_empty() {
        reader.error(
            codes::EMPTY_LIST,
            "`cases` has no case",
            entry.key_span,
            "write at least one, with a name, `answers` and `expect`",
        );
    }
    let mut reading = Reading {
        reader,
        service,
        usual,
        cases: Vec::new(),
    };
    for one in entries {
        reading.case(one);
    }
    Some(TestFile {
        file: file.to_owned(),
        service: service.id.clone(),
        cases: reading.cases,
        accepted,
    })
}

struct Reading<'r, 'f> {
    reader: &'r mut Reader<'f>,
    service: &'r Service,
    usual: Written,
    cases: Vec<Case>,
}

impl Reading<'_, '_> {
    fn case(&mut self, entry: &Entry) {
        let path = format!("cases.{}", shown(&entry.key));
        let Some(map) = self
            .reader
            .map(&entry.node, &path, entry.key_span, language::CASE)
        else {
            return;
        };
        let Some(rows) = map.get(table::TABLE) else {
            self.one(entry, &entry.node, &path, "");
            return;
        };
        let at = map.path_of(table::TABLE);
        for row in table::rows(self.reader, rows, &at) {
            let filled = table::fill(self.reader, &entry.node, &row);
            self.one(entry, &filled, &path, &row.name);
        }
    }

    fn one(&mut self, entry: &Entry, node: &Node, path: &str, row: &str) {
        let Some(map) = self.reader.map(node, path, entry.key_span, language::CASE) else {
            return;
        };
        let written = map
            .get("given")
            .map(|entry| given::given(self.reader, entry, &map.path_of("given"), self.service));
        let given = match &written {
            Some(closer) => self.usual.under(closer),
            None => self.usual.clone(),
        };
        let of_steps = match (map.get("answers"), &self.service.journey) {
            (Some(entry), Some(journey)) => {
                answers::answers_of_steps(self.reader, entry, &map.path_of("answers"), journey)
            }
            _ => Some(BTreeMap::new()),
        };
        let steps = match map.get("answers").filter(|_| self.service.journey.is_none()) {
            Some(entry) => answers::answers(self.reader, entry, &map.path_of("answers")),
            None => Some(vec![Step {
                answer: Answer::Named(AnswerName::Approved),
                after: None,
            }]),
        };
        let expect = self
            .reader
            .required(&map, "expect", "{ outcome: approved }")
            .and_then(|entry| expect::expect(self.reader, entry, &map.path_of("expect"), self.service));
        let (Some(answers), Some(of_steps), Some(expect)) = (steps, of_steps, expect) else {
            return;
        };
        for (told, given) in given.combinations(self.service) {
            let apart: Vec<&str> = [row, told.as_str()]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect();
            let name = match apart.as_slice() {
                [] => entry.key.clone(),
                apart => format!("{} ({})", entry.key, apart.join("; ")),
            };
            self.cases.push(Case {
                name,
                at: self.reader.label_of(entry.key_span),
                given,
                answers: answers.clone(),
                steps: of_steps.clone(),
                expect: expect.clone(),
            });
        }
    }
}

/// Changes that no test can notice. Each says why, because a reviewer has to agree.
fn accepted(reader: &mut Reader<'_>, entry: &Entry) -> Vec<AcceptedMutant> {
    let example = "- { file: scripts/x.rhai, change: \"…\", because: \"…\" }";
    let Some(items) = reader.list(&entry.node, "accepted", example) else {
        return Vec::new();
    };
    let mut read = Vec::new();
    for item in items {
        let Some(map) = reader.map(item, "accepted", item.span, language::ACCEPTED) else {
            continue;
        };
        let mut text = |key: &str| {
            let entry = reader.required(&map, key, "\"…\"")?;
            reader
                .string(&entry.node, &map.path_of(key), "\"…\"")
                .map(str::to_owned)
        };
        let (file, change, because) = (text("file"), text("change"), text("because"));
        if let (Some(file), Some(change), Some(because)) = (file, change, because) {
            let at = reader.label_of(item.span);
            read.push(AcceptedMutant {
                file,
                change,
                because,
                at,
            });
        }
    }
    read
}
