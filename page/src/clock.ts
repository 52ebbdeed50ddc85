// The time of a recording: that of its video or sound where the page holds it, else one that only
// counts, so that a reading without its recording can be played as well.

/** Something that plays and can be sought. */
export interface Clock {
  readonly time: number;
  readonly playing: boolean;
  play(): void;
  pause(): void;
  seek(time: number): void;
  /** Ends it; it tells nothing afterwards. */
  stop(): void;
}

/** The time of a media element. */
export class MediaClock implements Clock {
  private frame = 0;

  constructor(
    private readonly media: HTMLMediaElement,
    private readonly tell: () => void,
  ) {
    for (const event of ["play", "pause", "seeked", "ended"]) media.addEventListener(event, this.on);
  }

  get time(): number {
    return this.media.currentTime;
  }

  get playing(): boolean {
    return !this.media.paused && !this.media.ended;
  }

  play(): void {
    this.media.play().catch(() => this.tell());
  }

  pause(): void {
    this.media.pause();
  }

  seek(time: number): void {
    this.media.currentTime = time;
    this.tell();
  }

  stop(): void {
    for (const event of ["play", "pause", "seeked", "ended"]) {
      this.media.removeEventListener(event, this.on);
    }
    cancelAnimationFrame(this.frame);
    this.media.pause();
  }

  private readonly on = (): void => {
    cancelAnimationFrame(this.frame);
    this.tell();
    if (this.playing) this.frame = requestAnimationFrame(this.on);
  };
}

/** A time that counts by itself up to an end. */
export class CountingClock implements Clock {
  time = 0;
  playing = false;
  private frame = 0;
  private last = 0;

  constructor(
    private readonly end: number,
    private readonly tell: () => void,
  ) {}

  play(): void {
    if (this.time >= this.end) this.time = 0;
    this.playing = true;
    this.last = performance.now();
    this.frame = requestAnimationFrame(this.step);
    this.tell();
  }

  pause(): void {
    cancelAnimationFrame(this.frame);
    this.playing = false;
    this.tell();
  }

  seek(time: number): void {
    this.time = Math.min(Math.max(time, 0), this.end);
    this.tell();
  }

  stop(): void {
    cancelAnimationFrame(this.frame);
    this.playing = false;
  }

  private readonly step = (now: number): void => {
    this.time = Math.min(this.end, this.time + Math.max(0, now - this.last) / 1000);
    this.last = now;
    if (this.time >= this.end) this.playing = false;
    else this.frame = requestAnimationFrame(this.step);
    this.tell();
  };
}
