//! A colour for each label, and none where none is wanted.

use console::{Color, Style, Term};

use crate::args::When;

/// An emotion, its colour of 256 and its colour of 24 bits.
type Ink = (&'static str, u8, (u8, u8, u8));

/// Light enough for dark letters on them, apart enough in hue and lightness to be told from each
/// other with the common kinds of colour blindness.
const EMOTIONS: [Ink; 8] = [
    ("neutral", 250, (0xb8, 0xbc, 0xc2)),
    ("happiness", 221, (0xf5, 0xcb, 0x4a)),
    ("sadness", 68, (0x5c, 0x8f, 0xe0)),
    ("anger", 167, (0xe0, 0x56, 0x4b)),
    ("fear", 140, (0xb0, 0x8a, 0xdc)),
    ("disgust", 107, (0x86, 0xa8, 0x4f)),
    ("surprise", 209, (0xff, 0x9a, 0x5c)),
    ("calm", 116, (0x8c, 0xd6, 0xd0)),
];

/// How many colours may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Colours {
    /// None: shapes and letters must do.
    None,
    /// The 256 of nearly every terminal.
    Indexed,
    /// 24 bits.
    True,
}

impl Colours {
    /// By the option, `NO_COLOR`, `TERM` and `COLORTERM`, and whether `to_terminal` holds.
    pub(crate) fn choose(when: When, to_terminal: bool) -> Self {
        let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let dumb = set("TERM").is_some_and(|term| term == "dumb");
        let wanted = match when {
            When::Never => false,
            When::Always => true,
            When::Auto => to_terminal && set("NO_COLOR").is_none() && !dumb,
        };
        let rich = set("COLORTERM").is_some_and(|value| value == "truecolor" || value == "24bit");
        match (wanted, rich) {
            (false, _) => Self::None,
            (true, false) => Self::Indexed,
            (true, true) => Self::True,
        }
    }

    /// The colour of the label at `place` of its list, as ink.
    pub(super) fn ink(self, label: &str, place: usize) -> Style {
        match self.colour(label, place) {
            Some(colour) => Style::new().fg(colour).force_styling(true),
            None => Style::new().force_styling(false),
        }
    }

    /// The same colour as paper, under dark letters.
    pub(super) fn paper(self, label: &str, place: usize) -> Style {
        match self.colour(label, place) {
            Some(colour) => Style::new().bg(colour).color256(16).force_styling(true),
            None => Style::new().force_styling(false),
        }
    }

    /// For what matters most.
    pub(crate) fn bold(self) -> Style {
        Style::new().bold().force_styling(self != Self::None)
    }

    /// For what matters least.
    pub(crate) fn dim(self) -> Style {
        Style::new().dim().force_styling(self != Self::None)
    }

    /// An emotion that every model knows has a colour of its own; other labels take those of the
    /// list in turn.
    fn colour(self, label: &str, place: usize) -> Option<Color> {
        let known = EMOTIONS.iter().position(|(emotion, ..)| *emotion == label);
        let (_, indexed, (red, green, blue)) = EMOTIONS[known.unwrap_or(place % EMOTIONS.len())];
        match self {
            Self::None => None,
            Self::Indexed => Some(Color::Color256(indexed)),
            Self::True => Some(Color::TrueColor(red, green, blue)),
        }
    }
}

/// How wide a table may be: `COLUMNS` if set, else the terminal it is shown in, else 80; between
/// 40 and 120.
pub(crate) fn width(to_terminal: bool) -> usize {
    let typed = std::env::var("COLUMNS").ok().and_then(|value| value.trim().parse().ok());
    let own = || Term::stdout().size_checked().map(|(_, columns)| usize::from(columns));
    typed.or_else(|| to_terminal.then(own)?).unwrap_or(80).clamp(40, 120)
}
