"""Reference log-mels for crates/features/src/mel.rs.

    pip install librosa==0.11.0 transformers==5.23.0 numpy safetensors
    python references/mel.py crates/features/tests/reference/mel.safetensors

The Whisper extractor is called on its NumPy path. The AST extractor refuses to be built without
torch, so its own NumPy path (the calls of `ASTFeatureExtractor` where torchaudio is absent) is
written out here; both run in f64.

For every preset the file holds `<preset>.frames` (which rows), `<preset>.values` (those rows,
every bin) and `<preset>.rows` (how many rows the whole clip has).
"""

import sys

import librosa
import numpy as np
from safetensors.numpy import save_file
from transformers import WhisperFeatureExtractor
from transformers.audio_utils import mel_filter_bank, spectrogram, window_function

RATE = 16_000
MASK = (1 << 64) - 1


def signal(samples=40_000):
    """A chirp from 60 Hz to 7 kHz, noise, a quiet part and a silent one.

    Only +, -, * and / on f64: tests/mel_reference.rs makes the very same samples.
    """
    state, phase = 1, 0.0
    out = np.zeros(samples, dtype=np.float32)
    for i in range(samples):
        x = i / samples
        state = (state * 6364136223846793005 + 1442695040888963407) & MASK
        noise = (state >> 40) / (1 << 23) - 1.0
        phase += (60.0 + 6940.0 * x * x) / RATE
        phase -= 1.0 if phase >= 1.0 else 0.0
        turn = 2.0 * phase - 1.0
        wave = 4.0 * turn * (1.0 - abs(turn))
        level = 1.0 if x < 0.5 else 0.01 if x < 0.8 else 0.0
        out[i] = level * (0.4 * wave + 0.05 * noise)
    return out


def main(path):
    wave = signal()
    exact = wave.astype(np.float64)
    power = librosa.feature.melspectrogram(y=exact, sr=RATE)
    whisper = WhisperFeatureExtractor()._np_extract_fbank_features(
        np.pad(exact, (0, 30 * RATE - len(wave)))[None], "cpu"
    )[0]
    ast = spectrogram(
        exact,
        window_function(400, "hann", periodic=False),
        frame_length=400,
        hop_length=160,
        fft_length=512,
        power=2.0,
        center=False,
        preemphasis=0.97,
        mel_filters=mel_filter_bank(
            num_frequency_bins=257,
            num_mel_filters=128,
            min_frequency=20,
            max_frequency=RATE // 2,
            sampling_rate=RATE,
            norm=None,
            mel_scale="kaldi",
            triangularize_in_mel_space=True,
        ),
        log_mel="log",
        mel_floor=1.192092955078125e-07,
        remove_dc_offset=True,
    )
    frames = librosa.feature.melspectrogram(y=exact, sr=RATE, hop_length=RATE // 25)
    presets = {
        "librosa": librosa.power_to_db(power).T,
        "whisper": whisper.T,
        "ast": ast.T,
        "mpuc25": librosa.power_to_db(frames, ref=np.max).T,
    }
    tensors = {}
    for name, rows in presets.items():
        few = [i for i in range(len(rows)) if (i < 300 or i % 271 == 0) and i % 3 != 1]
        tensors[f"{name}.rows"] = np.array([len(rows)], dtype=np.int64)
        tensors[f"{name}.frames"] = np.array(few, dtype=np.int64)
        tensors[f"{name}.values"] = np.ascontiguousarray(rows[few], dtype=np.float32)
    save_file(tensors, path)


if __name__ == "__main__":
    main(sys.argv[1])
