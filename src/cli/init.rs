use std::io;
use std::io::BufRead;
use std::io::IsTerminal as _;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;

use super::arguments::Common;
use super::failure::Ending;
use super::failure::Failure;
use super::output;
use super::scaffold;
use super::scaffold::Answers;
use crate::words::ServiceName;

/// `midflow init`: a new folder that passes `check` and `test`.
#[derive(Debug, clap::Args)]
pub(crate) struct Init {
    /// The folder; made if it is not there
    folder: PathBuf,
    /// The organization's name in Arabic, as registered
    #[arg(long, value_name = "TEXT")]
    name_ar: Option<String>,
    /// The organization's name in English, as registered
    #[arg(long, value_name = "TEXT")]
    name_en: Option<String>,
    /// government or private
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// The first service, by its name in the API
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
}

impl Init {
    pub(crate) fn run(&self, _: &Common) -> Result<Ending, Failure> {
        if self.folder.join("policies").exists() {
            return Err(
                Failure::new(format!("{} holds policies already", self.folder.display()))
                    .remedy("name a new folder, or add a service with `midflow new service NAME`"),
            );
        }
        // Without a terminal nobody is asked, and what no option says is the usual.
        let at_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
        let answers = if at_terminal {
            self.ask(&mut io::stdin().lock(), &mut io::stdout().lock())
        } else {
            self.ask(&mut io::empty(), &mut io::sink())
        };
        let files = scaffold::folder(&answers).map_err(Failure::new)?;
        for (path, text) in &files {
            scaffold::write_new(&self.folder.join(path), text)?;
        }
        output::print(&told(&self.folder, &files));
        Ok(Ending::Good)
    }

    /// What the options say, and what the person says of the rest.
    fn ask(&self, input: &mut impl BufRead, output: &mut impl Write) -> Answers {
        let options = [&self.name_ar, &self.name_en, &self.kind, &self.service];
        if options.iter().any(|option| option.is_none()) {
            let _ = writeln!(
                output,
                "Return takes what stands in brackets; everything can be changed later.\n"
            );
        }
        let mut each = |given: &Option<String>, question: &Question| match given {
            Some(given) => given.clone(),
            None => question.ask(input, output),
        };
        Answers {
            name_ar: each(&self.name_ar, &NAME_AR),
            name_en: each(&self.name_en, &NAME_EN),
            kind: each(&self.kind, &KIND),
            service: each(&self.service, &SERVICE),
        }
    }
}

/// One question at the terminal.
struct Question {
    words: &'static str,
    usual: &'static str,
    fits: fn(&str) -> bool,
    /// What is said to an answer that does not fit.
    remedy: &'static str,
}

impl Question {
    /// Asks until the answer fits; the usual one where nobody answers.
    fn ask(&self, input: &mut impl BufRead, output: &mut impl Write) -> String {
        loop {
            let _ = write!(output, "{} [{}]: ", self.words, self.usual);
            let _ = output.flush();
            let mut line = String::new();
            let is_end = !matches!(input.read_line(&mut line), Ok(1..));
            let answer = line.trim();
            if is_end || answer.is_empty() {
                return self.usual.to_owned();
            }
            if (self.fits)(answer) {
                return answer.to_owned();
            }
            let _ = writeln!(output, "  {}", self.remedy);
        }
    }
}

const NAME_AR: Question = Question {
    words: "The organization's name in Arabic",
    usual: "جهتي الحكومية",
    fits: |answer| {
        answer
            .chars()
            .any(|letter| ('\u{0621}'..='\u{064A}').contains(&letter))
    },
    remedy: "write it in Arabic letters, as people read it on their phone",
};
const NAME_EN: Question = Question {
    words: "Its name in English",
    usual: "My Organization",
    fits: |answer| answer.chars().any(|letter| letter.is_ascii_alphabetic()),
    remedy: "write it in English letters",
};
const KIND: Question = Question {
    words: "Is it government or private?",
    usual: "government",
    fits: |answer| matches!(answer, "government" | "private"),
    remedy: "write `government` or `private`",
};
const SERVICE: Question = Question {
    words: "The first e-service, by its name in the API",
    usual: "my-first-service",
    fits: |answer| ServiceName::parse(answer).is_ok(),
    remedy: "write lowercase letters, digits and hyphens, such as `licence-renewal`",
};

fn told(folder: &Path, files: &[(String, String)]) -> String {
    let shown = files.iter().filter(|(path, _)| !path.contains("/."));
    let list: Vec<String> = shown.map(|(path, _)| format!("  {path}")).collect();
    format!(
        "wrote to {}:\n{}\n\nnext:\n  cd {}\n  midflow check\n  midflow",
        folder.display(),
        list.join("\n"),
        folder.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(init: &Init, typed: &str) -> (Answers, String) {
        let mut output = Vec::new();
        let answers = init.ask(&mut typed.as_bytes(), &mut output);
        (answers, String::from_utf8(output).unwrap())
    }

    fn init() -> Init {
        Init {
            folder: PathBuf::from("x"),
            name_ar: None,
            name_en: None,
            kind: None,
            service: None,
        }
    }

    #[test]
    fn questions_are_asked_on_their_line_and_again_where_an_answer_does_not_fit() {
        let typed = "Latin\nهيئة الطرق\n\nprivat\nprivate\nRoad Permit\nroad-permit\n";
        let (answers, said) = asked(&init(), typed);
        assert_eq!(answers.name_ar, "هيئة الطرق");
        assert_eq!(answers.name_en, "My Organization");
        assert_eq!(answers.kind, "private");
        assert_eq!(answers.service, "road-permit");
        assert!(
            said.contains("Its name in English [My Organization]: Is it"),
            "{said}"
        );
        assert!(said.contains("  write `government` or `private`\n"), "{said}");
    }

    #[test]
    fn options_are_not_asked_for_and_nobody_is_the_usual() {
        let mut init = init();
        init.service = Some("a".to_owned());
        let (answers, said) = asked(&init, "");
        assert_eq!(
            (answers.service.as_str(), answers.kind.as_str()),
            ("a", "government")
        );
        assert!(!said.contains("e-service"), "{said}");
    }
}
