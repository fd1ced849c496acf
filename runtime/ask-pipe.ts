// What is said to an agent that stays, and what is kept of what it says.

import { constants, openSync } from "node:fs";
import { appendFile } from "node:fs/promises";
import { Socket } from "node:net";

/** The end of a named pipe that is written to. It can be left while somebody who does not read is still written to. */
export class Pipe {
  private readonly socket: Socket;

  static open(path: string): Pipe {
    // For both directions: opening it waits for nobody then.
    const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    return new Pipe(new Socket({ fd, readable: false, writable: true }));
  }

  private constructor(socket: Socket) {
    this.socket = socket;
    // Who was to read has ended; how it ended says why.
    socket.on("error", () => {});
  }

  write(text: string): Promise<void> {
    return new Promise((resolve) => this.socket.write(text, () => resolve()));
  }

  close(): void {
    this.socket.destroy();
  }
}

/** Appends to logs, one piece after the other. */
export class Log {
  written: Promise<void> = Promise.resolve();

  add(path: string, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const own = Uint8Array.from(bytes);
    // A log that cannot be written must not end who works.
    this.written = this.written.then(() => appendFile(path, own)).catch(() => {});
  }
}
