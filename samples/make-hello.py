#!/usr/bin/env python3
"""Makes samples/hello.mp4: a drawn face crosses the picture, speaks a sentence and begins to smile.

    pip install numpy pillow; apt-get install ffmpeg espeak-ng
    python3 samples/make-hello.py [OUT.mp4]

Five seconds of 640x360 H.264 (with B pictures) and AAC, and the sentence as a subtitle track, so
that voice, face and words are all in one file. Everything is drawn and spoken by this script; no
person's face or voice is in it. Needed only to make the file anew.
"""

import io
import pathlib
import subprocess
import sys
import tempfile
import wave

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

WIDTH, HEIGHT, RATE, SECONDS = 640, 360, 25, 5.0
SPEECH_START = 0.35
SENTENCES = ["Hello! What a wonderful day.", "I am so happy to see you!"]
FINE = 3  # drawn so many times larger, then scaled down

SKIN, SKIN_DARK, SKIN_LIGHT = (214, 164, 132), (158, 104, 80), (244, 206, 178)
HAIR, HAIR_LIGHT = (58, 38, 28), (96, 64, 44)


def speak():
    """The sentences as mono samples in -1..1, and the span in seconds of each."""
    voice = ["espeak-ng", "-v", "en-us+f3", "-s", "150", "-p", "62", "-a", "150", "--stdout"]
    parts, spans, at = [], [], SPEECH_START
    for sentence in SENTENCES:
        sound = subprocess.run([*voice, sentence], check=True, capture_output=True).stdout
        with wave.open(io.BytesIO(sound)) as reader:
            rate = reader.getframerate()
            samples = np.frombuffer(reader.readframes(reader.getnframes()), np.int16) / 32768
        loud = np.flatnonzero(np.abs(samples) > 0.01)
        samples = samples[loud[0] : loud[-1]]
        spans.append((at, at + len(samples) / rate))
        parts += [samples, np.zeros(int(0.3 * rate))]
        at = spans[-1][1] + 0.3
    track = np.concatenate([np.zeros(int(SPEECH_START * rate)), *parts])
    length = int(SECONDS * rate)
    track = np.pad(track, (0, max(0, length - len(track))))[:length]
    return track * 0.7 / np.abs(track).max(), rate, spans


def soft(layer, radius):
    return layer.filter(ImageFilter.GaussianBlur(radius * FINE))


def stain(picture, colour, strength, radius, shapes):
    """Blends `colour` into the picture over blurred ellipses (x0, y0, x1, y1)."""
    mask = Image.new("L", picture.size, 0)
    pen = ImageDraw.Draw(mask)
    for shape in shapes:
        pen.ellipse([value * FINE for value in shape], fill=int(255 * strength))
    picture.paste(Image.new("RGB", picture.size, colour), (0, 0), soft(mask, radius))


def curve(pen, points, width, fill):
    """A quadratic curve through three control points, of even width with round ends."""
    (x0, y0), (x1, y1), (x2, y2) = points
    for t in np.linspace(0, 1, 60):
        x = ((1 - t) ** 2 * x0 + 2 * t * (1 - t) * x1 + t**2 * x2) * FINE
        y = ((1 - t) ** 2 * y0 + 2 * t * (1 - t) * y1 + t**2 * y2) * FINE
        radius = width * FINE / 2 * (0.55 + 0.45 * np.sin(np.pi * t))
        pen.ellipse([x - radius, y - radius, x + radius, y + radius], fill=fill)


def room():
    """A warm, blurred wall with a window's light."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH] / HEIGHT
    light = 0.55 + 0.4 * np.exp(-((x - 1.35) ** 2 + (y - 0.2) ** 2) / 0.5) - 0.18 * y
    wall = np.stack([light * 150, light * 172, light * 182], -1) + 30
    return Image.fromarray(wall.clip(0, 255).astype(np.uint8))


def head(smile, mouth, blink):
    """A head of 200x260 pixels on transparent ground; `smile`, `mouth` and `blink` are 0..1."""
    size = (240 * FINE, 330 * FINE)
    picture, alpha = Image.new("RGB", size, SKIN), Image.new("L", size, 0)
    pen, cover = ImageDraw.Draw(picture), ImageDraw.Draw(alpha)
    big = lambda *values: [value * FINE for value in values]

    # Shoulders and neck.
    cover.ellipse(big(2, 272, 238, 460), fill=255)
    pen.ellipse(big(2, 272, 238, 460), fill=(66, 112, 138))
    cover.rectangle(big(88, 225, 152, 292), fill=255)
    pen.rectangle(big(88, 225, 152, 285), fill=SKIN)
    pen.pieslice(big(84, 262, 156, 304), 0, 180, fill=SKIN)
    stain(picture, SKIN_DARK, 0.75, 7, [(78, 222, 162, 262)])

    # Hair behind, ears, the shape of the face.
    cover.ellipse(big(28, 8, 212, 216), fill=255)
    pen.ellipse(big(28, 8, 212, 216), fill=HAIR)
    for ear in ((30, 122, 54, 172), (186, 122, 210, 172)):
        cover.ellipse(big(*ear), fill=255)
        pen.ellipse(big(*ear), fill=(196, 142, 112))
    face = Image.new("L", size, 0)
    shape = ImageDraw.Draw(face)
    shape.ellipse(big(42, 36, 198, 226), fill=255)
    shape.ellipse(big(62, 130, 178, 256), fill=255)
    face = soft(face, 5).point(lambda value: 255 if value > 127 else 0)
    cover.bitmap((0, 0), face, fill=255)
    skin = Image.new("RGB", size, SKIN)

    # Light from the upper right, shade on the left and under every edge.
    stain(skin, SKIN_DARK, 0.55, 16, [(24, 60, 62, 250), (40, 232, 200, 300)])
    stain(skin, SKIN_DARK, 0.35, 14, [(184, 80, 222, 250)])
    stain(skin, SKIN_LIGHT, 0.75, 16, [(90, 62, 166, 108)])
    stain(skin, SKIN_LIGHT, 0.55, 10, [(146, 148, 180, 182), (66, 150, 96, 182)])
    stain(skin, (222, 128, 112), 0.30 + 0.2 * smile, 11,
          [(56, 166, 92, 198), (148, 166, 184, 198)])
    stain(skin, SKIN_DARK, 0.62, 6, [(72, 112, 110, 140), (130, 112, 168, 140)])

    # Eyes.
    narrow = 1 - 0.25 * smile
    for x in (91, 149):
        opening = 9.5 * narrow * (1 - blink) + 0.6
        eye = Image.new("RGB", size, (240, 236, 230))
        inside = ImageDraw.Draw(eye)
        inside.ellipse(big(x - 9.5, 119, x + 9.5, 138), fill=(74, 98, 66))
        inside.ellipse(big(x - 5, 123.5, x + 5, 133.5), fill=(14, 12, 12))
        inside.ellipse(big(x + 2, 122, x + 6, 126), fill=(255, 255, 255))
        lid = Image.new("L", size, 0)
        ImageDraw.Draw(lid).ellipse(big(x - 19, 128 - opening, x + 19, 128 + opening), fill=255)
        skin.paste(eye, (0, 0), soft(lid, 0.4))
        line = ImageDraw.Draw(skin)
        curve(line, [(x - 20, 130), (x, 128 - 2 * opening - 1), (x + 20, 130)], 4.2, (44, 26, 20))
        curve(line, [(x - 17, 131), (x, 129 + 2 * opening), (x + 17, 131)], 1.6, (140, 90, 72))
        curve(line, [(x - 18, 118), (x, 107 - 2 * smile), (x + 18, 118)], 1.6, (150, 100, 78))
        outer = 1 if x > 120 else -1
        brow = 101 - 3 * smile
        curve(line, [(x - outer * 20, brow + 4), (x + outer * 2, brow - 9), (x + outer * 24, brow + 3)],
              8, HAIR)

    # Nose.
    stain(skin, SKIN_DARK, 0.5, 4, [(104, 128, 112, 172)])
    stain(skin, SKIN_LIGHT, 0.8, 4, [(116, 116, 125, 166), (113, 162, 128, 176)])
    stain(skin, (120, 70, 56), 0.75, 1.6, [(106, 175, 116, 182), (124, 175, 134, 182)])
    stain(skin, SKIN_DARK, 0.4, 4, [(104, 180, 136, 190)])

    # Mouth: a curve that widens and lifts its corners, open while speaking.
    half, lift = 26 + 10 * smile, 9 * smile
    drop = 3 + 13 * mouth + 7 * smile
    left, right, middle = (120 - half, 207 - lift), (120 + half, 207 - lift), 208 + 2 * smile
    outline = []
    for points in ([left, (120, middle), right], [right, (120, middle + 2 * drop), left]):
        (x0, y0), (x1, y1), (x2, y2) = points
        outline += [(((1 - t) ** 2 * x0 + 2 * t * (1 - t) * x1 + t**2 * x2) * FINE,
                     ((1 - t) ** 2 * y0 + 2 * t * (1 - t) * y1 + t**2 * y2) * FINE)
                    for t in np.linspace(0, 1, 40)]
    opening = Image.new("L", size, 0)
    ImageDraw.Draw(opening).polygon(outline, fill=255)
    inside = Image.new("RGB", size, (88, 28, 30))
    depth = ImageDraw.Draw(inside)
    depth.ellipse(big(96, middle + 0.62 * drop, 144, middle + 0.62 * drop + 30), fill=(186, 92, 92))
    depth.rounded_rectangle(
        big(120 - 0.8 * half, middle - 14, 120 + 0.8 * half, middle + min(9, 0.55 * drop)),
        radius=4 * FINE, fill=(246, 242, 234))
    skin.paste(inside, (0, 0), soft(opening, 0.5))
    line = ImageDraw.Draw(skin)
    lips = (176, 82, 80)
    curve(line, [left, (120, middle - 3), right], 6, lips)
    curve(line, [left, (120, middle + 2 * drop + 3), right], 7, lips)
    stain(skin, (226, 140, 132), 0.6, 2, [(108, middle + drop + 0.5, 134, middle + drop + 4.5)])
    stain(skin, SKIN_DARK, 0.55, 4, [(102, 226 + drop * 0.5, 138, 231 + drop * 0.5)])
    fold = int(255 * 0.55 * smile)
    if fold:
        mask = Image.new("L", size, 0)
        folds = ImageDraw.Draw(mask)
        for side in (-1, 1):
            curve(folds, [(120 + side * 24, 178), (120 + side * 42, 188), (120 + side * 45, 208)],
                  3, fold)
        skin.paste(Image.new("RGB", size, SKIN_DARK), (0, 0), soft(mask, 1.5))
    picture.paste(skin, (0, 0), soft(face, 0.8))

    # A fringe with a few lighter strands.
    fringe = Image.new("L", size, 0)
    front = ImageDraw.Draw(fringe)
    front.pieslice(big(30, 8, 210, 190), 180, 360, fill=255)
    front.ellipse(big(52, 62, 214, 240), fill=0)
    front.ellipse(big(40, 78, 120, 220), fill=0)
    front.rectangle(big(30, 10, 44, 120), fill=255)
    front.rectangle(big(197, 10, 210, 112), fill=255)
    outside = Image.new("L", size, 0)
    ImageDraw.Draw(outside).ellipse(big(28, 8, 212, 216), fill=255)
    fringe = Image.composite(fringe, Image.new("L", size, 0), outside)
    picture.paste(Image.new("RGB", size, HAIR), (0, 0), soft(fringe, 1.2))
    strands = ImageDraw.Draw(picture)
    for i in range(5):
        curve(strands, [(84 + 14 * i, 16 + abs(i - 2) * 3), (104 + 16 * i, 26), (128 + 15 * i, 50 + 2 * i)],
              2, HAIR_LIGHT)
    picture.putalpha(soft(alpha, 0.7))
    return picture.resize((240, 330), Image.LANCZOS)


def ease(value):
    value = min(max(value, 0.0), 1.0)
    return value * value * (3 - 2 * value)


def main():
    target = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "hello.mp4")
    sound, rate, spans = speak()
    wall = room()
    grain = np.random.default_rng(1).normal(0, 1.2, (4, HEIGHT, WIDTH, 1))
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        with wave.open(str(folder / "voice.wav"), "wb") as writer:
            writer.setparams((1, 2, rate, 0, "NONE", ""))
            writer.writeframes((sound * 32767).astype(np.int16).tobytes())
        stamp = lambda seconds: f"00:00:{int(seconds):02d},{int(seconds % 1 * 1000):03d}"
        cues = [f"{i + 1}\n{stamp(start)} --> {stamp(end)}\n{words}\n"
                for i, ((start, end), words) in enumerate(zip(spans, SENTENCES))]
        (folder / "words.srt").write_text("\n".join(cues))
        encoder = subprocess.Popen(
            ["ffmpeg", "-y", "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24",
             "-s", f"{WIDTH}x{HEIGHT}", "-r", str(RATE), "-i", "-",
             "-i", folder / "voice.wav", "-i", folder / "words.srt", "-map", "0", "-map", "1", "-map", "2",
             "-c:v", "libx264", "-preset", "veryslow", "-crf", "25", "-pix_fmt", "yuv420p", "-g", "50",
             "-x264-params", "bframes=3:b-pyramid=normal", "-c:a", "aac", "-b:a", "64k", "-ar", "32000",
             "-c:s", "mov_text", "-metadata:s:a:0", "language=eng", "-metadata:s:s:0", "language=eng",
             "-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact",
             "-movflags", "+faststart", target],
            stdin=subprocess.PIPE)
        openness = 0.0
        for number in range(int(SECONDS * RATE)):
            time = number / RATE
            around = sound[int(time * rate) : int((time + 1 / RATE) * rate)]
            loudness = min(1.0, 4.5 * float(np.sqrt(np.mean(around**2)))) if len(around) else 0.0
            openness += 0.6 * (loudness - openness)
            smile = ease((time - 0.8) / 1.6)
            blink = max(0.0, 1 - abs(time - 1.3) / 0.09, 1 - abs(time - 3.4) / 0.09)
            figure = head(smile, openness * 0.9, min(blink, 1.0))
            figure = figure.rotate(3 * np.sin(1.9 * time), Image.BICUBIC, center=(120, 240))
            x = 60 + (WIDTH - 360) * ease(time / SECONDS) + 6 * np.sin(2.3 * time)
            y = 42 + 5 * np.sin(3.1 * time)
            frame = wall.copy()
            frame.paste(figure, (round(x), round(y)), figure)
            pixels = np.asarray(frame, np.float64) + grain[number % 4]
            encoder.stdin.write(pixels.clip(0, 255).astype(np.uint8).tobytes())
        encoder.stdin.close()
        if encoder.wait():
            sys.exit("ffmpeg failed")
    print(f"{target}: {target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
