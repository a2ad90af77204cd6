//! Trains, evaluates and exports the weights of Soundalike.

mod ablation;
mod arrangement;
mod audio_file;
mod augment;
mod batches;
mod calibrate;
mod codec;
mod compare;
mod decode;
mod demo;
mod device;
mod encoder_pass;
mod evaluate;
mod evaluation;
mod export;
mod fma;
mod incomplete;
mod intervals;
mod kinds;
mod learner;
#[cfg(feature = "tch")]
mod libtorch;
mod loss;
mod metrics;
mod one_pass;
mod pair_table;
mod pairs;
mod passages;
mod perturb;
mod plot;
mod plots;
mod progress;
mod recipe;
mod render;
mod repeats;
mod run_folder;
mod score;
mod spectral_bank;
mod strip;
mod time_step;
mod tracks;
mod train;
mod train_config;
mod training_tracks;
mod validation;
mod wav;
mod weights;

use clap::Parser as _;

use incomplete::Incomplete;

/// Trains, evaluates and exports the weights of Soundalike.
#[derive(clap::Parser)]
#[command(version)]
enum Step {
    Decode(decode::Args),
    Pairs(pairs::Args),
    Render(render::Args),
    Train(train::Args),
    Evaluate(evaluate::Args),
    Plot(plot::Args),
    Demo(demo::Args),
    #[command(name = "one-pass")]
    OnePass(one_pass::Args),
    Compare(compare::Args),
    Export(export::Args),
    #[command(name = "time-step")]
    Timing(time_step::Args),
}

fn main() -> std::process::ExitCode {
    let done = match Step::parse() {
        Step::Decode(args) => decode::run(&args),
        Step::Pairs(args) => pairs::run(&args),
        Step::Render(args) => render::run(&args),
        Step::Train(args) => train::run(&args),
        Step::Evaluate(args) => evaluate::run(&args),
        Step::Plot(args) => plot::run(&args),
        Step::Demo(args) => demo::run(&args),
        Step::OnePass(args) => one_pass::run(&args),
        Step::Compare(args) => compare::run(&args),
        Step::Export(args) => export::run(&args),
        Step::Timing(args) => time_step::run(&args),
    };
    match done {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            if error.is::<Incomplete>() {
                std::process::ExitCode::from(Incomplete::STATUS)
            } else {
                std::process::ExitCode::FAILURE
            }
        }
    }
}
