//! Noise, voices and other music to lay over passages. Made once; passages draw from them.

use std::path::Path;

use anyhow::{Result, ensure};

use crate::modification::NoiseColour;
use crate::sound::{RATE_HZ, Sound};
use crate::tools;
use crate::tracks::Track;

/// Length of the noise, so that two passages rarely share a part of it.
const NOISE_SECS: u32 = 120;
/// Length of the part from the middle of each other track.
const MUSIC_SECS: f64 = 20.0;
/// Most tracks for overlays.
const MUSIC_TRACKS: usize = 24;

/// Voices of eSpeak NG with their sentences. Together they are half a minute of speech without long
/// pauses.
const SPEECH: [(&str, &str); 8] = [
    (
        "en-us+m3",
        "Good evening, and welcome back to the programme, where tonight we are talking \
         about the weather in the mountains.",
    ),
    (
        "en-gb+f2",
        "If you have just joined us, the next train to the coast leaves from platform four \
         at twenty minutes past nine.",
    ),
    (
        "de+m1",
        "Heute beginnen wir mit einer kurzen Geschichte, die vor vielen Jahren in einem kleinen Dorf am Meer spielt.",
    ),
    (
        "fr+f4",
        "Nous allons maintenant écouter quelques morceaux que nos auditeurs nous ont envoyés pendant la semaine.",
    ),
    (
        "es+m5",
        "Muchas gracias por estar con nosotros esta tarde; en unos minutos hablaremos con nuestra primera invitada.",
    ),
    (
        "it+f1",
        "Prima di continuare vorrei ricordare a tutti che il concerto di domani comincia mezz'ora prima del solito.",
    ),
    (
        "pl+m2",
        "Dzień dobry państwu, za chwilę podamy najnowsze wiadomości z kraju i ze świata, a potem prognozę pogody.",
    ),
    (
        "en-us+f5",
        "And remember, you can send us your questions at any time, we read every single one of them and answer most.",
    ),
];

/// Sounds to lay over passages, all mono.
pub struct Overlays {
    white: Sound,
    pink: Sound,
    pub speech: Sound,
    music: Vec<(usize, Sound)>,
}

impl Overlays {
    /// Makes them in `folder`.
    pub fn new(folder: &Path, tracks: &[Track]) -> Result<Self> {
        let noise = |kind: &str| {
            let path = folder.join(format!("{kind}.wav"));
            let (rate, secs) = (RATE_HZ.to_string(), NOISE_SECS.to_string());
            let path_argument = path.to_string_lossy();
            // -R: the same noise at every run.
            let arguments = [
                "-R",
                "-n",
                "-r",
                &rate,
                "-c",
                "1",
                "-b",
                "16",
                &path_argument,
                "synth",
                &secs,
                kind,
                "vol",
                "0.5",
            ];
            tools::run("sox", arguments)?;
            Sound::read_wav(&path)
        };
        let step = (tracks.len() / MUSIC_TRACKS).max(1);
        let music: Result<Vec<_>> = (0..tracks.len())
            .step_by(step)
            .map(|index| {
                let middle_secs = tracks[index].duration_secs / 2.0;
                let sound = Sound::decode_stereo(&tracks[index].path)?.mono();
                let sound = sound.between(
                    middle_secs - MUSIC_SECS / 2.0,
                    middle_secs + MUSIC_SECS / 2.0,
                );
                Ok((index, sound))
            })
            .collect();
        let music: Vec<_> = music?
            .into_iter()
            .filter(|(_, sound)| sound.rms_between(0.0, MUSIC_SECS) > 0.01)
            .collect();
        ensure!(
            music.len() >= 2,
            "fewer than two held-out tracks are loud enough to be laid over others"
        );
        Ok(Self {
            white: noise("whitenoise")?,
            pink: noise("pinknoise")?,
            speech: speech(folder)?,
            music,
        })
    }

    pub fn noise(&self, colour: NoiseColour) -> &Sound {
        match colour {
            NoiseColour::White => &self.white,
            NoiseColour::Pink => &self.pink,
        }
    }

    /// Music of another track than the one with this index; `choice` in 0..1 chooses which.
    pub fn other_music(&self, track: usize, choice: f64) -> &Sound {
        let others: Vec<_> = self
            .music
            .iter()
            .filter(|(index, _)| *index != track)
            .collect();
        let index = (choice * others.len() as f64) as usize;
        &others[index.min(others.len() - 1)].1
    }
}

/// All sentences one after the other, at [`RATE_HZ`]. Scratch files stay in `folder`.
pub fn speech(folder: &Path) -> Result<Sound> {
    let mut speech = Sound {
        samples: Vec::new(),
        channels: 1,
        rate_hz: RATE_HZ,
    };
    for (index, (voice, sentence)) in SPEECH.iter().enumerate() {
        let (spoken, resampled) = (
            folder.join(format!("voice{index}.wav")),
            folder.join(format!("speech{index}.wav")),
        );
        tools::run(
            "espeak-ng",
            [
                "-v",
                voice,
                "-s",
                "165",
                "-w",
                &spoken.to_string_lossy(),
                sentence,
            ],
        )?;
        let [spoken, resampled] = [&spoken, &resampled].map(|path| path.to_string_lossy());
        // Removes the pauses before and after, so that every part contains speech.
        let trim = "silence 1 0.05 1% reverse silence 1 0.05 1% reverse".split(' ');
        let format = ["-R", &spoken, "-r", "44100", "-c", "1", &resampled];
        tools::run("sox", format.into_iter().chain(trim))?;
        speech
            .samples
            .extend(Sound::read_wav(Path::new(&*resampled))?.samples);
    }
    Ok(speech)
}
