//! Numbers of tests, read from the last lines of the test runners.
//!
//! A command that runs no test, for example after a rename, succeeds. So `check` counts the tests.

use std::{fmt, ops::AddAssign};

/// Numbers of tests by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TestsRan {
    /// Tests that passed.
    pub passed: u64,
    /// Tests that failed.
    pub failed: u64,
    /// Tests that were skipped.
    pub skipped: u64,
}

impl TestsRan {
    /// Adds the numbers of one line of output, if it is a summary of a test runner.
    ///
    /// | runner | line |
    /// |---|---|
    /// | libtest, wasm-bindgen | `test result: ok. 3 passed; 0 failed; 1 ignored; ...` |
    /// | Node, reporter `tap` | `# pass 3` |
    /// | Node, reporter `spec` | `ℹ pass 3` |
    pub fn add_line(&mut self, line: &str) {
        let line = line.trim();
        if let Some(result) = line.strip_prefix("test result: ") {
            let counts = result
                .split_once(". ")
                .map_or("", |(_verdict, counts)| counts);
            for part in counts.split("; ") {
                if let Some((count, outcome)) = part.split_once(' ') {
                    self.add(outcome, count);
                }
            }
        } else if let Some(line) = line.strip_prefix("ℹ ").or_else(|| line.strip_prefix("# "))
            && let Some((outcome, count)) = line.split_once(' ')
        {
            self.add(outcome, count);
        }
    }

    fn add(&mut self, outcome: &str, count: &str) {
        let Ok(count) = count.parse::<u64>() else {
            return;
        };
        match outcome {
            "passed" | "pass" => self.passed += count,
            "failed" | "fail" => self.failed += count,
            "ignored" | "skipped" | "todo" => self.skipped += count,
            _ => {}
        }
    }
}

impl AddAssign for TestsRan {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for TestsRan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} passed, {} failed", self.passed, self.failed)?;
        match self.skipped {
            0 => Ok(()),
            skipped => write!(formatter, ", {skipped} skipped"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::TestsRan;

    fn read(output: &str) -> TestsRan {
        let mut ran = TestsRan::default();
        output.lines().for_each(|line| ran.add_line(line));
        ran
    }

    #[test]
    fn libtest_lines_add_up() {
        let output = "running 2 tests
test a ... ok
test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 4 filtered out; finished in 0.01s

test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.02s";
        assert_eq!(
            read(output),
            TestsRan {
                passed: 5,
                failed: 1,
                skipped: 1
            }
        );
    }

    #[test]
    fn both_reporters_of_node_are_read() {
        let spec = "✔ compares (12 ms)\nℹ tests 4\nℹ suites 0\nℹ pass 3\nℹ fail 0\nℹ cancelled 0\nℹ skipped 1\nℹ todo 0";
        let tap = "ok 1 - compares\n# tests 4\n# pass 3\n# fail 0\n# skipped 1\n# duration_ms 44.5";
        let expected = TestsRan {
            passed: 3,
            failed: 0,
            skipped: 1,
        };
        assert_eq!(read(spec), expected);
        assert_eq!(read(tap), expected);
    }

    #[test]
    fn other_lines_count_nothing() {
        assert_eq!(
            read("no tests to run!\n# pass the salt\n3 passed"),
            TestsRan::default()
        );
    }

    #[test]
    fn skipped_tests_are_printed_only_when_there_are_any() {
        assert_eq!(
            TestsRan {
                passed: 7,
                failed: 0,
                skipped: 0
            }
            .to_string(),
            "7 passed, 0 failed"
        );
        assert_eq!(
            TestsRan {
                passed: 7,
                failed: 0,
                skipped: 2
            }
            .to_string(),
            "7 passed, 0 failed, 2 skipped"
        );
    }
}
