/** Keeps `connections` requests in flight, each sent when the one before it on its connection has its response. */
export class SteadyLoad {
  private readonly loops: Promise<void>[];
  private stopped = false;
  private responses = 0;
  private readonly wrong: string[] = [];

  constructor(
    private readonly url: string,
    connections: number,
  ) {
    this.loops = Array.from({ length: connections }, () => this.loop());
  }

  /** Resolves when so many more requests have ended. */
  async pass(requests: number): Promise<void> {
    const end = this.responses + requests;
    while (this.responses < end) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  /** @returns every response that was not 200, and every request without one */
  async stop(): Promise<readonly string[]> {
    this.stopped = true;
    await Promise.all(this.loops);
    return this.wrong;
  }

  private async loop(): Promise<void> {
    while (!this.stopped) {
      try {
        const response = await fetch(this.url);
        const text = await response.text();
        if (response.status !== 200) this.wrong.push(`${response.status} ${text}`);
      } catch (error) {
        this.wrong.push(String((error as Error).cause ?? error));
      }
      this.responses += 1;
    }
  }
}
