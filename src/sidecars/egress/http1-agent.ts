import { Agent, type ClientRequestArgs } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Denial } from './denial.ts';
import type { Dialled } from './dial.ts';

/** Carries a denial through Node's agent, which knows errors only. */
export class DialError extends Error {
  readonly denial: Denial;

  constructor(denial: Denial) {
    super(denial.message);
    this.denial = denial;
  }
}

const maxFreeSockets = 8;

/** The kept-alive HTTP/1.1 connections of one origin; every one of them comes from `dial`. */
export class OriginAgent extends Agent {
  readonly #dial: () => Promise<Dialled>;

  constructor(dial: () => Promise<Dialled>, idleTimeoutMs: number) {
    super({ keepAlive: true, scheduling: 'lifo', maxFreeSockets, timeout: idleTimeoutMs });
    this.#dial = dial;
  }

  override createConnection(
    _options: ClientRequestArgs,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    this.#dial().then((dialled) => {
      if (dialled.kind === 'connected') callback?.(null, dialled.socket);
      else this.#giveUp(dialled, callback);
    });
  }

  /** Closes what is idle. */
  closeIdle(): void {
    for (const sockets of Object.values(this.freeSockets))
      for (const socket of sockets ?? []) socket.destroy();
  }

  #giveUp(denial: Denial, callback: ((error: Error, stream: Duplex) => void) | undefined): void {
    // The declared type wants a stream beside the error; Node reads none then.
    const report = callback as ((error: Error) => void) | undefined;
    report?.(new DialError(denial));
  }
}
