//! Widths of lines, which no formatter limits: rustfmt and Prettier break code, but neither breaks
//! comments.
//!
//! | line | columns |
//! |---|---:|
//! | comment | 100 |
//! | row of a table in a comment | 120 |
//! | code | 120 |
//! | prose of Markdown | 120 |
//!
//! Not limited are lines that can't be broken: those that end in an address or a link, code with a
//! string in it, and tables and code in Markdown. The text of HTML isn't wrapped.

use std::path::Path;

const COMMENT_COLUMNS: usize = 100;
const CODE_COLUMNS: usize = 120;
const PROSE_COLUMNS: usize = 120;

/// Whether the lines of a file have limits.
pub fn is_measured(path: &str) -> bool {
    is_markdown(path) || Language::of(path).is_some()
}

/// The lines of a file that are too wide, one sentence each.
pub fn too_wide_lines(path: &str, text: &str) -> Vec<String> {
    let limits: Vec<Option<usize>> = if is_markdown(path) {
        prose_limits_columns(text)
    } else if let Some(language) = Language::of(path) {
        let lines = text.lines();
        lines.map(|line| language.limit_columns(line)).collect()
    } else {
        return Vec::new();
    };
    let mut faults = Vec::new();
    for (index, (line, limit)) in text.lines().zip(limits).enumerate() {
        let columns = line.chars().count();
        if let Some(limit) = limit.filter(|&limit| columns > limit) {
            let number = index + 1;
            faults.push(format!(
                "{path}:{number}: {columns} columns of at most {limit}"
            ));
        }
    }
    faults
}

fn is_markdown(path: &str) -> bool {
    Path::new(path)
        .extension()
        .is_some_and(|extension| extension == "md")
}

/// The columns that each line of a Markdown document may have; `None` where it can't be broken.
fn prose_limits_columns(text: &str) -> Vec<Option<usize>> {
    let mut is_code = false;
    let limit_columns = |line: &str| {
        let line = line.trim();
        let is_fence = line.starts_with("```");
        is_code ^= is_fence;
        let is_free = is_code || is_fence || line.starts_with('|') || ends_in_address(line);
        (!is_free).then_some(PROSE_COLUMNS)
    };
    text.lines().map(limit_columns).collect()
}

/// Whether the last word of a line is an address or has the address of a Markdown link.
fn ends_in_address(line: &str) -> bool {
    let last_word = line.split_whitespace().next_back().unwrap_or_default();
    last_word.contains("://") || last_word.contains("](")
}

/// How a language marks its comments and strings.
struct Language {
    comment_starts: &'static [&'static str],
    quotes: &'static [char],
    is_code_limited: bool,
}

impl Language {
    /// The language of a file by its extension; `None` for those whose lines aren't measured.
    fn of(path: &str) -> Option<Self> {
        const SLASHES: &[&str] = &["//", "/*", "*"];
        let (comment_starts, quotes): (_, &[_]) = match Path::new(path).extension()?.to_str()? {
            // A single quotation mark is a lifetime more often than a character.
            "rs" => (SLASHES, &['"']),
            "css" | "js" | "ts" => (SLASHES, &['"', '\'', '`']),
            "html" => (&["<!--", "//", "/*", "*"], &[]),
            "py" | "sh" | "toml" => (&["#"], &['"', '\'']),
            _ => return None,
        };
        Some(Self {
            comment_starts,
            quotes,
            is_code_limited: !path.ends_with(".html"),
        })
    }

    /// The columns that a line may have; `None` where it can't be broken.
    fn limit_columns(&self, line: &str) -> Option<usize> {
        let line = line.trim();
        if ends_in_address(line) {
            return None;
        }
        if self
            .comment_starts
            .iter()
            .any(|start| line.starts_with(start))
        {
            let is_table_row = line
                .trim_start_matches(['/', '!', '*', '#', ' '])
                .starts_with('|');
            return Some(if is_table_row {
                CODE_COLUMNS
            } else {
                COMMENT_COLUMNS
            });
        }
        (self.is_code_limited && !line.contains(self.quotes)).then_some(CODE_COLUMNS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line of so many columns that begins and ends with these words.
    fn line(start: &str, end: &str, columns: usize) -> String {
        let rest = columns - start.chars().count() - end.chars().count();
        format!("{start}{}{end}", "a".repeat(rest))
    }

    fn widest(path: &str, start: &str, end: &str) -> usize {
        let is_allowed =
            |columns: &usize| too_wide_lines(path, &line(start, end, *columns)).is_empty();
        (50..130).take_while(is_allowed).last().unwrap()
    }

    #[test]
    fn comments_end_at_column_100() {
        for (path, start) in [
            ("a.rs", "// "),
            ("a.rs", "    /// "),
            ("a.rs", "//! "),
            ("a.js", " * "),
            ("a.css", "/* "),
            ("a.html", "<!-- "),
            ("a.py", "# "),
            ("a.sh", "  # "),
            ("a.toml", "# "),
        ] {
            assert_eq!(widest(path, start, ""), 100, "{path}: {start}");
        }
    }

    #[test]
    fn rows_of_tables_and_code_end_at_column_120() {
        for (path, start) in [
            ("a.rs", "/// | "),
            ("a.js", " * | "),
            ("a.rs", "let a: &'static str = "),
            ("a.js", "const "),
            ("a.py", "a = "),
        ] {
            assert_eq!(widest(path, start, ""), 120, "{path}: {start}");
        }
    }

    #[test]
    fn prose_ends_at_column_120() {
        for start in ["", "- ", "# ", "[a](b.md) "] {
            assert_eq!(widest("a.md", start, ""), 120, "{start}");
        }
        let after_code = format!("```sh\n{0}\n```\n{0}", "a".repeat(121));
        assert_eq!(
            too_wide_lines("a.md", &after_code),
            ["a.md:4: 121 columns of at most 120"]
        );
    }

    #[test]
    fn lines_that_cannot_be_broken_may_be_wider() {
        for (path, start, end) in [
            ("a.rs", "/// See ", " https://example.org/a"),
            ("a.rs", "let a = \"", "\";"),
            ("a.js", "const a = `", "`;"),
            ("a.html", "<p>", ""),
            ("a.md", "| ", " |"),
            ("a.md", "See ", " [b](c.md)."),
            ("a.md", "```sh\n", ""),
        ] {
            assert_eq!(widest(path, start, end), 129, "{path}: {start}");
        }
    }

    #[test]
    fn columns_are_letters_and_the_line_is_named() {
        assert_eq!(too_wide_lines("a.rs", &"ö".repeat(120)), [""; 0]);
        let text = format!("fine\n{}", line("// ", "", 101));
        assert_eq!(
            too_wide_lines("a.rs", &text),
            ["a.rs:2: 101 columns of at most 100"]
        );
    }
}
