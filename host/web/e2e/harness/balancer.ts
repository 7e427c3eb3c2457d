import { connect, createServer, type Server, type Socket } from "node:net";

/** Passes connections on to servers in turn, as what stands in front of replicas does. */
export class Balancer {
  private readonly backends: string[] = [];
  private readonly sockets = new Set<Socket>();
  private next = 0;

  private constructor(private readonly server: Server) {
    server.on("connection", (socket) => { this.pass(socket); });
  }

  static async listen(address: string): Promise<Balancer> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ ...partsOf(address) }, resolve);
    });
    return new Balancer(server);
  }

  /** Adds a server. Connections are cut, and the next one leads to it. */
  add(address: string): void {
    this.next = this.backends.push(address) - 1;
    this.cut();
  }

  /** Takes a server out. */
  remove(index: number): void {
    this.backends.splice(index, 1);
    this.cut();
  }

  close(): void {
    this.server.close();
    this.cut();
  }

  private cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  private pass(socket: Socket): void {
    const backend = this.backends[this.next++ % Math.max(this.backends.length, 1)];
    if (backend === undefined) {
      socket.destroy();
      return;
    }
    const other = connect(partsOf(backend));
    for (const [from, to] of [[socket, other], [other, socket]] as const) {
      this.sockets.add(from);
      from.on("error", () => to.destroy());
      from.on("close", () => {
        this.sockets.delete(from);
        to.destroy();
      });
      from.pipe(to);
    }
  }
}

function partsOf(address: string): { host: string; port: number } {
  const [host = "", port = ""] = address.split(":");
  return { host, port: Number(port) };
}
