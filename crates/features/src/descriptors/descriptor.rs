//! Which number stands where in a frame.

/// One column of a [`super::Frame`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Descriptor {
    /// Power above 50 Hz, dB of full scale.
    Energy,
    /// Cube-root compressed power of the bands under the 40-phon curve, dB.
    Loudness,
    /// Pitch in Hz between 60 and 600; 0 where unvoiced (see [`super::Frame::pitch`]).
    Pitch,
    /// Height of the autocorrelation at the pitch, or of its highest peak where unvoiced, 0..1.
    Periodicity,
    /// The same as a harmonics-to-noise ratio, dB.
    HarmonicsToNoise,
    /// Prominence of the cepstral peak.
    CepstralPeak,
    /// Mean change of the period from cycle to cycle over the period; 0 where unvoiced.
    Jitter,
    /// Mean change of the cycle's level, dB; 0 where unvoiced.
    Shimmer,
    /// First over second harmonic, dB; 0 where unvoiced.
    H1H2,
    /// First harmonic over the strongest partial up to 1 kHz, dB; 0 where unvoiced.
    H1A1,
    /// First harmonic over the strongest partial from 2 to 3.8 kHz, dB; 0 where unvoiced.
    H1A3,
    /// Change of the compressed bands since the frame before over their sum, 0..1.
    Flux,
    /// Centre of the power spectrum, kHz.
    Centroid,
    /// Standard deviation of the power spectrum, kHz.
    Spread,
    /// Frequency below which a quarter of the power lies, kHz.
    RollOff25,
    /// Frequency below which half of the power lies, kHz.
    RollOff50,
    /// Frequency below which 85 % of the power lies, kHz.
    RollOff85,
    /// Entropy of the power spectrum over its largest possible value.
    Entropy,
    /// Slope of the spectrum from 50 to 500 Hz, dB per kHz.
    SlopeLow,
    /// Slope of the spectrum from 500 to 1500 Hz, dB per kHz.
    SlopeMid,
    /// Power in 1..5 kHz over power in 50..1000 Hz, dB.
    AlphaRatio,
    /// Highest bin below 2 kHz over highest bin in 2..5 kHz, dB.
    Hammarberg,
    /// Changes of sign per sample.
    ZeroCrossings,
    /// First formant, kHz.
    Formant1,
    /// Second formant, kHz.
    Formant2,
    /// Third formant, kHz.
    Formant3,
    /// First formant over the mean of the envelope, dB.
    FormantHeight1,
    /// Second formant over the mean of the envelope, dB.
    FormantHeight2,
}

impl Descriptor {
    /// Every descriptor in the order of a frame.
    pub const ALL: [Self; super::DESCRIPTORS] = [
        Self::Energy,
        Self::Loudness,
        Self::Pitch,
        Self::Periodicity,
        Self::HarmonicsToNoise,
        Self::CepstralPeak,
        Self::Jitter,
        Self::Shimmer,
        Self::H1H2,
        Self::H1A1,
        Self::H1A3,
        Self::Flux,
        Self::Centroid,
        Self::Spread,
        Self::RollOff25,
        Self::RollOff50,
        Self::RollOff85,
        Self::Entropy,
        Self::SlopeLow,
        Self::SlopeMid,
        Self::AlphaRatio,
        Self::Hammarberg,
        Self::ZeroCrossings,
        Self::Formant1,
        Self::Formant2,
        Self::Formant3,
        Self::FormantHeight1,
        Self::FormantHeight2,
    ];

    /// Name in tables: lower case, with its unit.
    pub fn name(self) -> &'static str {
        match self {
            Self::Energy => "energy_db",
            Self::Loudness => "loudness_db",
            Self::Pitch => "pitch_hz",
            Self::Periodicity => "periodicity",
            Self::HarmonicsToNoise => "harmonics_to_noise_db",
            Self::CepstralPeak => "cepstral_peak_db",
            Self::Jitter => "jitter",
            Self::Shimmer => "shimmer_db",
            Self::H1H2 => "h1_h2_db",
            Self::H1A1 => "h1_a1_db",
            Self::H1A3 => "h1_a3_db",
            Self::Flux => "flux",
            Self::Centroid => "centroid_khz",
            Self::Spread => "spread_khz",
            Self::RollOff25 => "roll_off_25_khz",
            Self::RollOff50 => "roll_off_50_khz",
            Self::RollOff85 => "roll_off_85_khz",
            Self::Entropy => "entropy",
            Self::SlopeLow => "slope_50_500",
            Self::SlopeMid => "slope_500_1500",
            Self::AlphaRatio => "alpha_ratio_db",
            Self::Hammarberg => "hammarberg_db",
            Self::ZeroCrossings => "zero_crossings",
            Self::Formant1 => "formant_1_khz",
            Self::Formant2 => "formant_2_khz",
            Self::Formant3 => "formant_3_khz",
            Self::FormantHeight1 => "formant_1_height_db",
            Self::FormantHeight2 => "formant_2_height_db",
        }
    }
}
