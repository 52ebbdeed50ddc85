//! Media made on the spot.

use std::f32::consts::TAU;

/// What a wav file says of itself.
#[derive(Clone, Copy)]
pub(crate) struct Wav {
    pub(crate) format: u16,
    pub(crate) channels: u16,
    pub(crate) rate: u32,
    pub(crate) bits: u16,
}

/// 16-bit mono at 16 kHz.
pub(crate) const PLAIN: Wav = Wav { format: 1, channels: 1, rate: 16_000, bits: 16 };

impl Wav {
    /// A file with these bytes of samples, whatever they are.
    pub(crate) fn file(self, data: &[u8]) -> Vec<u8> {
        let frame = self.channels * self.bits / 8;
        let mut file = Vec::new();
        file.extend(b"RIFF");
        file.extend((36 + data.len() as u32).to_le_bytes());
        file.extend(b"WAVEfmt ");
        file.extend(16_u32.to_le_bytes());
        file.extend(self.format.to_le_bytes());
        file.extend(self.channels.to_le_bytes());
        file.extend(self.rate.to_le_bytes());
        file.extend(self.rate.wrapping_mul(frame.into()).to_le_bytes());
        file.extend(frame.to_le_bytes());
        file.extend(self.bits.to_le_bytes());
        file.extend(b"data");
        file.extend((data.len() as u32).to_le_bytes());
        file.extend(data);
        file
    }
}

/// Something like a voice: a gliding pulse train through two formants, in syllables.
pub(crate) fn babble(seconds: f32) -> Vec<u8> {
    voice(seconds, 140.0)
}

/// The same about a pitch in hertz.
pub(crate) fn voice(seconds: f32, hertz: f32) -> Vec<u8> {
    let rate = 16_000.0;
    let (mut phase, mut state) = (0.0_f32, [[0.0_f32; 2]; 2]);
    let samples = (0..(seconds * rate) as usize).map(|i| {
        let time = i as f32 / rate;
        let pitch = hertz + 30.0 * (time * TAU * 0.7).sin();
        phase += pitch / rate;
        let pulse = if phase >= 1.0 { 1.0 } else { 0.0 };
        phase = phase.fract();
        let vowel = 0.5 + 0.5 * (time * TAU * 1.3).sin();
        let mut x = pulse;
        for (filter, formant) in
            state.iter_mut().zip([400.0 + 400.0 * vowel, 2000.0 - 800.0 * vowel])
        {
            // A resonance of 90 Hz bandwidth.
            let radius = (-TAU / 2.0 * 90.0 / rate).exp();
            let y = x + 2.0 * radius * (TAU * formant / rate).cos() * filter[0]
                - radius * radius * filter[1];
            *filter = [y, filter[0]];
            x = y * 0.25;
        }
        let syllable = (time * TAU * 2.0).sin().max(0.0).sqrt();
        (x * syllable * 0.6).clamp(-1.0, 1.0)
    });
    samples.flat_map(|x| ((x * 32_000.0) as i16).to_le_bytes()).collect()
}

/// A gray picture as png.
pub(crate) fn png(width: u32, height: u32) -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    image::GrayImage::from_fn(width, height, |x, y| image::Luma([(x * 7 + y * 3) as u8]))
        .write_to(&mut file, image::ImageFormat::Png)
        .unwrap();
    file.into_inner()
}

/// `file` with `count` bytes changed at random places.
pub(crate) fn flipped(file: &[u8], count: usize, mut seed: u64) -> Vec<u8> {
    let mut file = file.to_vec();
    for _ in 0..count {
        // Knuth's linear congruential generator (MMIX).
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let place = (seed >> 33) as usize % file.len();
        file[place] ^= (seed >> 24) as u8 | 1;
    }
    file
}
