import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Field, Input } from "@/components/ui/field";
import { api, explain, unwrap } from "@/lib/api";
import { Logo } from "./logo";

/** The server asks for its token: it is typed once and becomes a cookie that no script can read. */
export default function SignIn({ onDone }: { onDone: () => void }) {
  const [token, setToken] = useState("");
  const [error, setError] = useState<string>();
  const [busy, setBusy] = useState(false);

  async function enter() {
    setBusy(true);
    try {
      await unwrap(api.POST("/api/login", { body: { token } }));
      onDone();
    } catch (reason) {
      setError(explain(reason));
      setBusy(false);
    }
  }

  return (
    <main className="grid h-dvh place-items-center bg-ground px-6">
      <form
        className="flex w-full max-w-sm flex-col gap-4 rounded-lg border border-line bg-panel p-6"
        onSubmit={(event) => {
          event.preventDefault();
          void enter();
        }}
      >
        <span className="flex items-center gap-2.5">
          <Logo className="h-5 w-auto" />
          <h1 className="text-lg font-semibold tracking-tight">Sign in to Tapedeck</h1>
        </span>
        <Field
          label="Token"
          hint="What the server was started with as API_TOKEN."
          error={error}
          required
        >
          {(control) => (
            <Input
              {...control}
              type="password"
              autoComplete="current-password"
              autoFocus
              value={token}
              onChange={(event) => {
                setToken(event.target.value);
                setError(undefined);
              }}
            />
          )}
        </Field>
        <Button look="primary" type="submit" disabled={busy || token === ""}>
          Sign in
        </Button>
      </form>
    </main>
  );
}
