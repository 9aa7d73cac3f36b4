import { useI18n } from "../i18n";

const SOFA = 1.5; // m³, as the service's table has it
const ARMCHAIR = 0.5;
const LAMP = 0.07;

/** What the page does, in one picture, beside the form where there is room. */
export function LoginArt() {
  const { m, f } = useI18n();
  return (
    <div className="hidden content-center justify-items-center gap-7 bg-kraft-soft p-12 lg:grid" aria-hidden="true">
      <div className="relative aspect-4/3 w-[min(100%,560px)] overflow-hidden rounded-dialog bg-sunken shadow-dialog">
        <svg viewBox="0 0 160 120" className="absolute inset-0 size-full" aria-hidden="true">
          <rect width="160" height="120" fill="#e8dfd3" />
          <rect y="80" width="160" height="40" fill="#cbb596" />
          <path fill="#fff" d="M12 12h36v42H12z" />
          <path fill="#cfe0e6" d="M14.5 14.5h14v37h-14zM31.5 14.5h14v37h-14z" />
          <path fill="#fff" d="M72 18h30v22H72z" />
          <path fill="#b7a1b4" d="M75 21h24v16H75z" />
          <ellipse cx="82" cy="101" rx="50" ry="13" fill="#f3ecdf" />
          <path stroke="#5c5148" strokeWidth="2" d="M125 38v48" />
          <path fill="#efd9a8" d="M116 38h18l-4-14h-10z" />
          <rect x="50" y="53" width="62" height="24" rx="5" fill="#6f857c" />
          <rect x="54" y="68" width="54" height="17" rx="3" fill="#86998f" />
          <rect x="45" y="62" width="12" height="27" rx="4" fill="#6f857c" />
          <rect x="105" y="62" width="12" height="27" rx="4" fill="#6f857c" />
          <path stroke="#fff" strokeOpacity=".35" d="M81 68v17" />
          <rect x="6" y="66" width="32" height="22" rx="5" fill="#b98b6e" />
          <rect x="10" y="79" width="24" height="13" rx="3" fill="#c99f83" />
          <rect x="128" y="72" width="28" height="20" rx="5" fill="#b98b6e" />
          <rect x="131" y="83" width="22" height="13" rx="3" fill="#c99f83" />
          <path fill="#7a5c43" d="M62 94h40v4H62zM66 98h3v10h-3zM95 98h3v10h-3z" />
        </svg>
        <Frame chosen label={`${m.login.sofa} · ${f.volume(SOFA)}`} className="top-[43%] left-[28%] h-[32%] w-[46%]" />
        <Frame
          label={`${m.login.armchair} · ${f.volume(ARMCHAIR)}`}
          className="top-[54%] left-[3%] h-[24%] w-[21.5%]"
        />
        <Frame label={m.login.armchair} className="top-[59%] left-[79%] h-[22%] w-[19%]" />
        <Frame label={`${m.login.lamp} · ${f.volume(LAMP)}`} className="top-[19%] left-[72%] h-[53%] w-[12.5%]" />
      </div>
      <p className="text-center text-lg tracking-tight text-kraft-ink">
        {m.login.line1}
        <br />
        {m.login.line2}
      </p>
    </div>
  );
}

function Frame({ label, className, chosen }: { label: string; className: string; chosen?: boolean }) {
  return (
    <span
      className={`absolute rounded-[5px] shadow-[0_0_0_1px_oklch(0.2_0.02_60/0.45),0_0_6px_oklch(0.2_0.02_60/0.35)] ${chosen ? "border-3 border-[oklch(0.80_0.12_325)]" : "border-2 border-white"} ${className}`}
    >
      <span
        className={`absolute -start-0.5 bottom-full mb-0.5 rounded px-1.5 py-px text-xs leading-4 font-medium whitespace-nowrap text-white ${chosen ? "bg-[oklch(0.440_0.128_325)]" : "bg-[oklch(0.22_0.014_60/0.9)]"}`}
      >
        {label}
      </span>
    </span>
  );
}
