"""Features of a minute of sound, by librosa, by the operations of torchaudio, and by openSMILE. Usage: sound.py FILE THREADS f1|f1t|f2"""
import sys

import numpy
import torch

from side import answers, read

torch.set_num_threads(int(sys.argv[2]))
RATE, WINDOW, HOP, MELS = 16000, 2048, 512, 128


def librosa_mel():
    import librosa

    sound = read(sys.argv[1])["given:sound"].numpy()

    def step():
        mel = librosa.feature.melspectrogram(y=sound, sr=RATE, n_fft=WINDOW, hop_length=HOP, n_mels=MELS)
        return [torch.from_numpy(numpy.ascontiguousarray(librosa.power_to_db(mel).T))]

    return step


def torchaudio_mel():
    """What torchaudio.transforms.MelSpectrogram and AmplitudeToDB do, by PyTorch's own operations."""
    import librosa

    sound = read(sys.argv[1])["given:sound"]
    bank = torch.from_numpy(librosa.filters.mel(sr=RATE, n_fft=WINDOW, n_mels=MELS))
    window = torch.hann_window(WINDOW)

    def step():
        lines = torch.stft(sound, WINDOW, HOP, WINDOW, window, True, "constant", return_complex=True)
        level = 10 * (bank @ lines.abs().pow(2)).clamp(min=1e-10).log10()
        return [level.clamp(min=level.max() - 80).T]

    return step


def descriptors():
    import opensmile

    sound = read(sys.argv[1])["given:sound"].numpy()
    smile = opensmile.Smile(
        feature_set=opensmile.FeatureSet.eGeMAPSv02, feature_level=opensmile.FeatureLevel.Functionals
    )
    return lambda: [torch.tensor(smile.process_signal(sound, RATE).to_numpy())]


with torch.inference_mode():
    answers({"f1": librosa_mel, "f1t": torchaudio_mel, "f2": descriptors}[sys.argv[3]])
