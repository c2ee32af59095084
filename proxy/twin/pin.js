(function pin(scope, offset, seed, ordinal, above) {
  const { Crypto, CookieStore, Document, Intl, Math, Performance, Temporal } = scope;
  const mark = Symbol.for("tapedeck.pinned");
  if (scope[mark]) return;
  Object.defineProperty(scope, mark, { value: true });
  const replace = (owner, name, value) =>
    Object.defineProperty(owner, name, { value, writable: true, configurable: true, enumerable: false });

  // The time flows as it does, from the recording's start on.
  const RealDate = scope.Date;
  const realNow = RealDate.now;
  const shown = () => realNow.call(RealDate) + offset;
  const Pinned = new Proxy(RealDate, {
    construct: (target, args, by) => Reflect.construct(target, args.length ? args : [shown()], by === Pinned ? target : by),
    apply: () => new RealDate(shown()).toString(),
  });
  replace(RealDate, "now", function now() { return shown(); });
  replace(RealDate.prototype, "constructor", Pinned);
  replace(scope, "Date", Pinned);

  const Format = Intl && Intl.DateTimeFormat;
  if (Format) {
    const format = Object.getOwnPropertyDescriptor(Format.prototype, "format");
    const bound = new WeakMap();
    Object.defineProperty(Format.prototype, "format", {
      ...format,
      get() {
        const real = format.get.call(this);
        if (!bound.has(this)) bound.set(this, (date) => real(date === undefined ? shown() : date));
        return bound.get(this);
      },
    });
    const parts = Format.prototype.formatToParts;
    replace(Format.prototype, "formatToParts", function formatToParts(date) {
      return parts.call(this, date === undefined ? shown() : date);
    });
  }

  // V8 gives a frame that is pinned from outside the Temporal of who asks, which is pinned already.
  if (Temporal && !Temporal.Now[mark]) {
    const { Now } = Temporal;
    Object.defineProperty(Now, mark, { value: true });
    const real = { instant: Now.instant.bind(Now), zone: Now.timeZoneId.bind(Now) };
    const instant = () => real.instant().add({ milliseconds: offset });
    const zoned = (zone) => instant().toZonedDateTimeISO(zone === undefined ? real.zone() : zone);
    replace(Now, "instant", instant);
    replace(Now, "zonedDateTimeISO", zoned);
    replace(Now, "plainDateTimeISO", (zone) => zoned(zone).toPlainDateTime());
    replace(Now, "plainDateISO", (zone) => zoned(zone).toPlainDate());
    replace(Now, "plainTimeISO", (zone) => zoned(zone).toPlainTime());
  }

  // What else tells the time: the document's own start, new files, and cookies, whose end the browser holds against its clock.
  const change = (owner, name, how) => {
    const was = owner && Object.getOwnPropertyDescriptor(owner, name);
    if (was) Object.defineProperty(owner, name, { ...was, ...how(was) });
  };
  change(Performance && Performance.prototype, "timeOrigin", (was) => ({ get() { return was.get.call(this) + offset; } }));
  const RealFile = scope.File;
  if (RealFile) {
    replace(scope, "File", new Proxy(RealFile, {
      construct: (target, [bits, name, options], by) =>
        Reflect.construct(target, [bits, name, { lastModified: shown(), ...options }], by),
    }));
  }
  const real = (date) => new RealDate(date - offset);
  change(Document && Document.prototype, "cookie", (was) => ({
    set(text) {
      was.set.call(this, `${text}`.replace(/(;\s*expires\s*=)([^;]*)/i, (all, name, at) => {
        const end = RealDate.parse(at);
        // An early one deletes the cookie.
        return end > 864e5 * 3653 ? name + real(end).toUTCString() : all;
      }));
    },
  }));
  change(CookieStore && CookieStore.prototype, "set", (was) => ({
    value: function set(...args) {
      const [first] = args;
      return was.value.apply(this, first && first.expires > 864e5 * 3653 ? [{ ...first, expires: first.expires - offset }] : args);
    },
  }));

  // Where this document stands among the frames, and how many were there before it, so that two of the same address
  // differ. A frame counts by its parent's own count: which of two frames asks first is chance.
  const counts = Symbol.for("tapedeck.counts");
  let place = above ? `${above}>${ordinal}` : `${seed}/${ordinal}`;
  const path = [];
  for (let w = scope; typeof w.parent === "object" && w.parent && w.parent !== w; w = w.parent) {
    let i = 0;
    while (i < w.parent.length && w.parent[i] !== w) i++;
    path.unshift(i);
  }
  if (path.length > 0) {
    try {
      const { place: above, loads } = scope.parent[counts];
      const at = path[path.length - 1];
      loads[at] = (loads[at] || 0) + 1;
      place = `${above}>${seed}/${loads[at]}`;
    } catch {
      // another site's
    }
  }
  Object.defineProperty(scope, counts, { value: { place, loads: {} } });
  // Random numbers: sfc32, seeded by FNV-1a over the seed and the place.
  const state = [1, 2, 3, 4].map((n) => {
    let h = 0x811c9dc5 ^ n;
    for (const c of `${place}/${path.join(".")}`) h = Math.imul(h ^ c.charCodeAt(0), 0x01000193);
    return h >>> 0;
  });
  const next = () => {
    const [a, b, c, d] = state;
    const t = (a + b + d) | 0;
    state[3] = (d + 1) | 0;
    state[0] = b ^ (b >>> 9);
    state[1] = (c + (c << 3)) | 0;
    state[2] = (((c << 21) | (c >>> 11)) + t) | 0;
    return t >>> 0;
  };
  for (let i = 0; i < 16; i++) next();
  replace(Math, "random", function random() { return (next() * 0x200000 + (next() >>> 11)) / 0x20000000000000; });
  const Source = Crypto && Crypto.prototype;
  if (Source) {
    const fill = Source.getRandomValues;
    replace(Source, "getRandomValues", function getRandomValues(array) {
      // The real one refuses what it refuses.
      fill.call(this, array);
      const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
      for (let i = 0; i < bytes.length; i++) bytes[i] = next();
      return array;
    });
    if (Source.randomUUID) {
      replace(Source, "randomUUID", function randomUUID() {
        const b = Array.from({ length: 16 }, () => next() & 255);
        b[6] = (b[6] & 15) | 64;
        b[8] = (b[8] & 63) | 128;
        const hex = b.map((x) => x.toString(16).padStart(2, "0")).join("");
        return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
      });
    }
  }

  // What no server answers. A worker's script that the page made is pinned before its own first line.
  const root = seed.slice(0, seed.indexOf("/") + 1);
  const made = new Map();
  const { URL, Blob } = scope;
  const create = URL && URL.createObjectURL;
  const revoke = URL && URL.revokeObjectURL;
  if (create && (scope.Worker || scope.SharedWorker)) {
    let workers = 0;
    const pinned = (blob) => {
      workers++;
      const script = `(${pin})(globalThis,${offset},${JSON.stringify(root)},${workers},${JSON.stringify(place)});`;
      return create.call(URL, new Blob([script, blob], { type: blob.type }));
    };
    replace(URL, "createObjectURL", function createObjectURL(object) {
      const address = create.call(this, object);
      if (object instanceof Blob) made.set(address, { blob: object });
      return address;
    });
    replace(URL, "revokeObjectURL", function revokeObjectURL(address) {
      const { shared } = made.get(`${address}`) || {};
      if (shared) revoke.call(this, shared);
      made.delete(`${address}`);
      return revoke.call(this, address);
    });
    for (const name of ["Worker", "SharedWorker"]) {
      const Real = scope[name];
      if (!Real) continue;
      const Pinning = new Proxy(Real, {
        construct: (target, [address, ...rest], by) => {
          // An address that only Trusted Types let pass stays what it is.
          const known = (typeof address === "string" || address instanceof URL) && made.get(`${address}`);
          if (!known) return Reflect.construct(target, [address, ...rest], by);
          // Who asks for a shared worker's address again means the same worker.
          if (name === "SharedWorker") return Reflect.construct(target, [(known.shared ||= pinned(known.blob)), ...rest], by);
          const once = pinned(known.blob);
          try {
            return Reflect.construct(target, [once, ...rest], by);
          } finally {
            revoke.call(URL, once);
          }
        },
      });
      replace(Real.prototype, "constructor", Pinning);
      replace(scope, name, Pinning);
    }
  }
  // A frame without an address is this site's own window before its document begins.
  if (Document) {
    const blank = ({ frameElement: f }) => f.hasAttribute("srcdoc") || /^(about:|javascript:|$)/i.test(f.getAttribute("src") || "");
    const look = () => {
      for (let i = 0; i < scope.length; i++) {
        try {
          if (!scope[i][mark] && blank(scope[i])) pin(scope[i], offset, root, 0);
        } catch {
          // another site's
        }
      }
    };
    new scope.MutationObserver(look).observe(scope.document, { childList: true, subtree: true });
  }
})
