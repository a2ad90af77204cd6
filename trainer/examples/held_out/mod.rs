//! What the examples that make examinations share.

pub mod modification;
pub mod overlays;
pub mod places;
pub mod rendition;
pub mod sound;
pub mod tools;
pub mod tracks;

/// What `main` returns; an error in one line.
pub fn report(done: anyhow::Result<()>) -> std::process::ExitCode {
    match done {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}
