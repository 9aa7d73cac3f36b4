import { useEffect, useState } from "react";
import { type SignedIn, signOut, whoAmI } from "../api";
import { go } from "../router";

let known: SignedIn | null = null;

/** Who is signed in, asked once a page load; null while it is not known. */
export function useSignedIn(): SignedIn | null {
  const [user, setUser] = useState(known);
  useEffect(() => {
    if (known) return;
    const stop = new AbortController();
    whoAmI(stop.signal).then(
      (found) => {
        known = found;
        setUser(found);
      },
      () => {}, // the page's own requests say what is wrong
    );
    return () => stop.abort();
  }, []);
  return user;
}

export function forgetSignedIn(): void {
  known = null;
}

export async function leave(): Promise<void> {
  forgetSignedIn();
  await signOut().catch(() => {}); // ended already, or unreachable: either way nobody is signed in here
  go("/login");
}

/** Where to sign in and come back from. */
export function signInAddress(): string {
  return `/login?next=${encodeURIComponent(window.location.pathname)}`;
}
