//! Changes made to training inputs only.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// The limits of [`limbic_model::Augment::Picture`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct PictureLimits {
    pub(crate) shift: f32,
    pub(crate) rotate: f32,
    pub(crate) scale: f32,
    pub(crate) gain: f32,
    pub(crate) erase: f32,
}

/// A square picture mirrored, turned, scaled, shifted, with another contrast, and perhaps with a
/// square erased; bilinear, the border repeated. Pixels in, `[0, 1]` out.
pub(crate) fn picture(pixels: &[u8], limits: PictureLimits, random: &mut ChaCha8Rng) -> Vec<f32> {
    let side = (pixels.len() as f64).sqrt() as usize;
    let centre = (side as f32 - 1.0) / 2.0;
    let mut around = |limit: f32| random.random_range(-1.0f32..=1.0) * limit;
    let (turn, zoom) = (around(limits.rotate).to_radians(), 1.0 + around(limits.scale));
    let (dx, dy) = (around(limits.shift) * side as f32, around(limits.shift) * side as f32);
    let (gain, lift) = (1.0 + around(limits.gain), around(limits.gain) * 0.5);
    let mirror = if around(1.0) < 0.0 { -1.0 } else { 1.0 };
    let (sin, cos) = turn.sin_cos();
    let at = |x: usize, y: usize| f32::from(pixels[y * side + x]) / 255.0;
    let clamp = |v: f32| v.clamp(0.0, side as f32 - 1.0);
    let mut out = Vec::with_capacity(pixels.len());
    for y in 0..side {
        for x in 0..side {
            let (u, v) = ((x as f32 - centre) * mirror, y as f32 - centre);
            let sx = clamp((cos * u - sin * v) / zoom + centre + dx);
            let sy = clamp((sin * u + cos * v) / zoom + centre + dy);
            let (x0, y0) = (sx as usize, sy as usize);
            let (x1, y1) = ((x0 + 1).min(side - 1), (y0 + 1).min(side - 1));
            let (fx, fy) = (sx - x0 as f32, sy - y0 as f32);
            let top = at(x0, y0) * (1.0 - fx) + at(x1, y0) * fx;
            let bottom = at(x0, y1) * (1.0 - fx) + at(x1, y1) * fx;
            let value = top * (1.0 - fy) + bottom * fy;
            out.push(((value - 0.5) * gain + 0.5 + lift).clamp(0.0, 1.0));
        }
    }
    if random.random::<f32>() < limits.erase && side >= 8 {
        let size = random.random_range(side / 8..=side / 3);
        let (left, top) =
            (random.random_range(0..side - size), random.random_range(0..side - size));
        let fill = random.random::<f32>();
        for row in out.chunks_mut(side).skip(top).take(size) {
            row[left..left + size].fill(fill);
        }
    }
    out
}

/// A draw from Beta(alpha, alpha), by two gamma variables (Marsaglia and Tsang 2000; for
/// `alpha < 1` with the boost `u^(1/alpha)`).
pub(crate) fn beta(alpha: f32, random: &mut ChaCha8Rng) -> f32 {
    let (x, y) = (gamma(f64::from(alpha), random), gamma(f64::from(alpha), random));
    if x + y > 0.0 { (x / (x + y)) as f32 } else { 0.5 }
}

fn gamma(shape: f64, random: &mut ChaCha8Rng) -> f64 {
    if shape < 1.0 {
        let boost = random.random::<f64>().powf(1.0 / shape);
        return gamma(shape + 1.0, random) * boost;
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = normal(random);
        let v = (1.0 + c * x).powi(3);
        if v > 0.0 && random.random::<f64>().ln() < 0.5 * x * x + d - d * v + d * v.ln() {
            return d * v;
        }
    }
}

/// A draw from the standard normal distribution (Box and Muller 1958).
pub(crate) fn normal(random: &mut ChaCha8Rng) -> f64 {
    let radius = (-2.0 * (1.0 - random.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * random.random::<f64>()).cos()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn limits_of_zero_leave_a_symmetric_picture_alone() {
        let limits = PictureLimits { shift: 0.0, rotate: 0.0, scale: 0.0, gain: 0.0, erase: 0.0 };
        let pixels: Vec<u8> = (0..64).map(|i| (i / 8 * 30) as u8).collect();
        let out = picture(&pixels, limits, &mut ChaCha8Rng::seed_from_u64(1));
        for (p, o) in pixels.iter().zip(out) {
            assert!((f32::from(*p) / 255.0 - o).abs() < 1e-6);
        }
    }

    #[test]
    fn beta_draws_have_the_mean_and_spread_of_the_distribution() {
        let mut random = ChaCha8Rng::seed_from_u64(2);
        for alpha in [0.2f32, 1.0, 4.0] {
            let draws: Vec<f32> = (0..20_000).map(|_| beta(alpha, &mut random)).collect();
            let mean = draws.iter().sum::<f32>() / 20_000.0;
            let variance = draws.iter().map(|d| (d - mean).powi(2)).sum::<f32>() / 20_000.0;
            assert!((mean - 0.5).abs() < 0.01, "{alpha}: mean {mean}");
            assert!((variance - 0.25 / (2.0 * alpha + 1.0)).abs() < 0.01, "{alpha}: {variance}");
        }
    }
}
