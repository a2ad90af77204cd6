//! The subcommands of the program, one file each.

mod clip_meetings;
mod compare;
mod decode;
mod demo;
mod evaluate;
mod export;
mod one_pass;
mod pairs;
mod plot;
mod render;
mod time_step;
mod train;
mod train_windows;
mod versions;

use std::process::ExitCode;

use crate::partial_success::PartialSuccess;

/// Trains, evaluates and exports the weights of Soundalike.
#[derive(clap::Parser)]
#[command(version)]
#[expect(
    missing_docs,
    reason = "each step is documented where its arguments are"
)]
pub enum Step {
    Decode(decode::Args),
    Pairs(pairs::Args),
    Render(render::Args),
    Versions(versions::Args),
    Train(train::Args),
    #[command(name = "train-windows")]
    TrainWindows(train_windows::Args),
    Evaluate(evaluate::Args),
    Plot(plot::Args),
    Demo(demo::Args),
    #[command(name = "one-pass")]
    OnePass(one_pass::Args),
    Compare(compare::Args),
    #[command(name = "clip-meetings")]
    ClipMeetings(clip_meetings::Args),
    Export(export::Args),
    #[command(name = "time-step")]
    Timing(time_step::Args),
}

impl Step {
    /// Runs the step to its end.
    ///
    /// # Errors
    ///
    /// When it fails, or can't use all of its input.
    pub fn run(&self) -> anyhow::Result<()> {
        match self {
            Self::Decode(args) => decode::run(args),
            Self::Pairs(args) => pairs::run(args),
            Self::Render(args) => render::run(args),
            Self::Versions(args) => versions::run(args),
            Self::Train(args) => train::run(args),
            Self::TrainWindows(args) => train_windows::run(args),
            Self::Evaluate(args) => evaluate::run(args),
            Self::Plot(args) => plot::run(args),
            Self::Demo(args) => demo::run(args),
            Self::OnePass(args) => one_pass::run(args),
            Self::ClipMeetings(args) => clip_meetings::run(args),
            Self::Compare(args) => compare::run(args),
            Self::Export(args) => export::run(args),
            Self::Timing(args) => time_step::run(args),
        }
    }
}

/// Prints the error, if any, in one line. A partial success has a status of its own.
#[must_use]
pub fn exit_code(outcome: anyhow::Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            if error.is::<PartialSuccess>() {
                ExitCode::from(PartialSuccess::STATUS)
            } else {
                ExitCode::FAILURE
            }
        }
    }
}
