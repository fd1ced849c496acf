// What flowc asks of the desk: to file a ticket, and to describe one.

interface Part {
  readonly title: string;
  readonly detail: string;
}

interface Ticket extends Part {
  readonly id: string;
}

export async function fileTicket({
  desk,
  part,
  parent,
}: {
  readonly desk: string;
  readonly part: Part;
  readonly parent: string;
}): Promise<unknown> {
  return asked(`${desk}/tickets`, { ...part, parent });
}

export async function describe({
  desk,
  ticket,
}: {
  readonly desk: string;
  readonly ticket: Ticket;
}): Promise<unknown> {
  const { page } = Object(await asked(`${desk}/pages`, ticket));
  return page;
}

async function asked(url: string, body: unknown): Promise<unknown> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  }).catch(() => {
    throw new Error(`nobody listens on ${url}. Open the desk: npx tsx examples/tickets/desk.ts`);
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return response.json();
}
