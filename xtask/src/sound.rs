//! Something to listen to.

use std::f32::consts::TAU;

/// A wav file of something like a voice: a gliding pulse train through two formants, in
/// syllables, about a pitch in hertz.
pub(crate) fn voice(seconds: f32, hertz: f32) -> Vec<u8> {
    let rate = 16_000.0;
    let (mut phase, mut state) = (0.0_f32, [[0.0_f32; 2]; 2]);
    let samples = (0..(seconds * rate) as usize).map(|i| {
        let time = i as f32 / rate;
        phase += (hertz + 30.0 * (time * TAU * 0.7).sin()) / rate;
        let pulse = if phase >= 1.0 { 1.0 } else { 0.0 };
        phase = phase.fract();
        let vowel = 0.5 + 0.5 * (time * TAU * 1.3).sin();
        let mut x = pulse;
        let formants = [400.0 + 400.0 * vowel, 2000.0 - 800.0 * vowel];
        for (filter, formant) in state.iter_mut().zip(formants) {
            let radius = (-TAU / 2.0 * 90.0 / rate).exp();
            let turn = 2.0 * radius * (TAU * formant / rate).cos();
            let y = x + turn * filter[0] - radius * radius * filter[1];
            *filter = [y, filter[0]];
            x = y * 0.25;
        }
        let syllable = (time * TAU * 2.0).sin().max(0.0).sqrt();
        ((x * syllable * 0.6).clamp(-1.0, 1.0) * 32_000.0) as i16
    });
    wav(16_000, 16, &samples.flat_map(i16::to_le_bytes).collect::<Vec<u8>>())
}

/// A wav file of one channel with these bytes of samples.
pub(crate) fn wav(rate: u32, bits: u16, data: &[u8]) -> Vec<u8> {
    let frame = bits / 8;
    let mut file = Vec::with_capacity(44 + data.len());
    file.extend(b"RIFF");
    file.extend((36 + data.len() as u32).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend(rate.to_le_bytes());
    file.extend((rate * u32::from(frame)).to_le_bytes());
    file.extend(frame.to_le_bytes());
    file.extend(bits.to_le_bytes());
    file.extend(b"data");
    file.extend((data.len() as u32).to_le_bytes());
    file.extend(data);
    file
}
