import type { Formats } from "./format";

/** A number with its word, as the language counts. */
export interface Counting {
  some: (count: number, one: string, many: string) => string;
  photos: (count: number) => string;
}

/** Of pages and of what goes wrong with them: the sentences beside those of a batch. */
export function englishPages(f: Formats, { some, photos }: Counting) {
  return {
    trouble: {
      lost: {
        title: "Connection lost",
        text: (time: Date | number | null): string =>
          `The work goes on at the server.${time === null ? "" : ` This page shows the state of ${f.clock(time)}.`}`,
      },
      offline: {
        title: "You are offline",
        text: "Following resumes when the network is back. Photos already sent are safe.",
      },
      session: { title: "Your session has ended", text: "Sign in to go on following. Nothing is lost." },
      gone: {
        title: "This batch does not exist, or is not yours",
        text: "It may have been deleted. Your other batches are untouched.",
      },
      moveGone: { title: "This move does not exist, or is not yours", text: "Your other moves are untouched." },
      tooMany: {
        title: "Too many pages open",
        text: (seconds: number): string =>
          `Too many are following with this account. Close a tab: this one resumes by itself in ${seconds} s.`,
      },
      busy: {
        title: "The service is busy",
        text: (seconds: number): string => `Next try in ${seconds} s. The work goes on.`,
      },
      closed: { title: "Following was ended by an operator", text: "The work goes on. You may reconnect." },
      other: { title: "This did not work", text: "Try again in a moment." },
      nothing: { title: "There is nothing here", text: "This address leads to no page of Roomtally." },
      allFailed: {
        title: "No photo could be counted",
        text: (count: number): string =>
          `None of the ${photos(count)} could be counted. Check that they are JPEG, PNG, WebP or HEIC photos, then retry.`,
      },
      someFailed: (count: number): string =>
        count === 1 ? "1 photo could not be counted" : `${f.whole(count)} photos could not be counted`,
      someFailedText: "The other photos are counted. Filter by Failed to see why.",
    },
    ask: {
      cancel: {
        title: "Cancel this batch?",
        text: (done: number, left: number): string =>
          `The ${photos(done)} processed ${done === 1 ? "is" : "are"} kept, the other ${f.whole(left)} will not be analysed.`,
        yes: "Cancel batch",
        no: "Keep going",
      },
      remove: {
        title: "Delete this batch?",
        text: (total: number): string => `The ${photos(total)} and the inventory will be erased.`,
        yes: "Delete",
        no: "Keep",
      },
    },
    login: {
      title: "Sign in",
      text: "The inventory of your move, from photos.",
      email: "Email address",
      password: "Password",
      show: "Show the password",
      hide: "Hide the password",
      submit: "Sign in",
      busy: "Signing in…",
      wrong: "Wrong address or password.",
      wait: (seconds: number): string => `Too many attempts. Try again in ${f.duration(seconds)}.`,
      failed: "The service does not answer. Try again in a moment.",
      line1: "Photograph every room.",
      line2: "See the volume add up.",
      sofa: "Sofa, 3 seats",
      armchair: "Armchair",
      lamp: "Lamp",
    },
    home: {
      title: "Your moves",
      newMove: "New move",
      newMoveName: "Name of the move",
      newMoveHint: "For example: Lilac Street → Nantes",
      create: "Create",
      cancel: "Cancel",
      firstTitle: "Your first move",
      firstText: "Give it a name, then drop the photos of a room.",
      noBatch: "No batch",
      emptyMove: "Send the photos of a first room: the volume appears here, photo by photo.",
      more: "Show more",
      loading: "Loading your moves",
    },
    upload: {
      title: "New batch of photos",
      move: "Move",
      drop: "Drop your photos here",
      dropNow: "Let go to add them",
      hint: "One or two views of each room are enough, with the whole room in the picture.",
      pick: "Choose photos",
      camera: "Take a photo",
      limits: "JPEG, PNG, WebP, HEIC · 25 MiB a photo · 200 photos",
      waiting: "waiting",
      sent: "sent",
      sentOf: (sent: number, total: number): string => `${f.whole(sent)} of ${photos(total)} sent`,
      bytesOf: (sent: number, total: number): string => `${f.megabytes(sent)} of ${f.megabytes(total)}`,
      progressOf: (name: string): string => `Sending ${name}`,
      cut: (percent: number): string => `Network cut at ${f.percent(percent)}`,
      failed: "Could not be sent",
      cutAgain: (percent: number, seconds: number): string =>
        `Network cut at ${f.percent(percent)}. Next try in ${seconds} s`,
      again: "Send again",
      againOf: (name: string): string => `Send again now: ${name}`,
      remove: (name: string): string => `Remove: ${name}`,
      stop: (name: string): string => `Stop sending: ${name}`,
      tooLarge: (bytes: number): string => `Refused: ${f.megabytes(bytes)}, the limit is 25 MiB`,
      tooMany: "Refused: a batch holds 200 photos at most",
      empty: "Refused: the file is empty",
      type: "Refused: not a JPEG, PNG, WebP or HEIC photo",
      quota: "Refused: your photos may take no more room. Delete old batches",
      clear: "Cancel",
      analyse: "Analyse",
      whenReady: "Analyse when ready",
      starting: "Starting…",
      needsMove: "Name the move first",
      autoStart: (count: number): string =>
        `The analysis starts when ${count === 1 ? "the photo is" : `the ${f.whole(count)} photos are`} sent.`,
      willStart: "It starts by itself, this page stays usable.",
      notMade: "The batch could not be made. Your photos are safe: try again.",
    },
    project: {
      batches: "Batches of this move",
      nothing: "Nothing counted yet",
      nothingText: "Send the photos of a first room: the volume appears here, photo by photo.",
      loading: "Loading the inventory",
      sum: "All batches of the move together.",
    },
    developer: {
      title: "Developer",
      events: "Raw events",
      latency: "Latency",
      none: "No events yet.",
      median: "median",
      worst: "worst",
      samples: (count: number): string => some(count, "sample", "samples"),
      clear: "Clear",
      transport: "Connection",
    },
    modal: { title: "Progress of the batch" },
  };
}
