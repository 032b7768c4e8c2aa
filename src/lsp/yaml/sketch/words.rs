/// A scalar without its quotes.
pub(super) fn bare(written: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some(rest) = written.strip_prefix(quote) {
            return rest.strip_suffix(quote).unwrap_or(rest);
        }
    }
    written
}

/// The key at the beginning of a line: as written, its length, and where its colon is.
pub(super) fn key_of(line: &str) -> Option<(&str, usize, usize)> {
    let length = match line.chars().next()? {
        quote @ ('"' | '\'') => 1 + closing(line.get(1..)?, quote)?,
        '{' | '[' | '}' | ']' | ',' | '#' | '|' | '>' | '&' | '*' | '!' | '%' | '@' | '`' => return None,
        _ => line.match_indices(':').map(|(at, _)| at).find(|at| {
            line.get(at + 1..)
                .is_none_or(|after| after.is_empty() || after.starts_with([' ', '\t']))
        })?,
    };
    let key = line.get(..length)?.trim_end();
    let colon = length + line.get(length..)?.find(':')?;
    let is_plain = line.get(length..colon)?.trim().is_empty() && !key.contains(" #");
    is_plain.then_some((key, key.len(), colon))
}

/// The length of a text up to and with its closing quote.
pub(super) fn closing(text: &str, quote: char) -> Option<usize> {
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        if letter == '\\' && quote == '"' {
            letters.next();
        } else if letter == quote {
            let is_doubled = quote == '\'' && letters.peek().is_some_and(|(_, next)| *next == quote);
            if !is_doubled {
                return Some(at + 1);
            }
            letters.next();
        }
    }
    None
}

/// The length of a plain value in a line, without a comment and the blanks before it.
pub(super) fn plain_length(text: &str) -> usize {
    let until = text.find(" #").unwrap_or(text.len());
    text.get(..until).unwrap_or(text).trim_end().len()
}

/// The same inside of brackets.
pub(super) fn flow_length(text: &str) -> usize {
    let mut before = ' ';
    for (at, letter) in text.char_indices() {
        let ends = match letter {
            ',' | '}' | ']' | '{' | '[' => true,
            ':' => text
                .get(at + 1..)
                .is_none_or(|after| after.is_empty() || after.starts_with([' ', ',', '}', ']'])),
            '#' => before == ' ',
            _ => false,
        };
        if ends {
            return text.get(..at).unwrap_or(text).trim_end().len();
        }
        before = letter;
    }
    text.trim_end().len()
}
