import { LanguageProvider } from "./i18n";
import { BatchPage } from "./pages/BatchPage";
import { HomePage } from "./pages/HomePage";
import { LoginPage } from "./pages/LoginPage";
import { ProjectPage } from "./pages/ProjectPage";
import { UnknownPage } from "./pages/UnknownPage";
import { useRoute } from "./router";

export function App() {
  return (
    <LanguageProvider>
      <Page />
    </LanguageProvider>
  );
}

/** One page an address. `key`: another batch is another page, nothing of the old one stays. */
function Page() {
  const route = useRoute();
  switch (route.name) {
    case "login":
      return <LoginPage next={route.next} />;
    case "home":
      return <HomePage />;
    case "batch":
      return <BatchPage key={route.id} batchId={route.id} />;
    case "project":
      return <ProjectPage key={route.id} projectId={route.id} />;
    case "unknown":
      return <UnknownPage />;
  }
}
