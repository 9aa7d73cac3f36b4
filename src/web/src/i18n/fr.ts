import type { Messages } from "./en";
import type { Formats } from "./format";
import { fr } from "./typography";

const NUMBERS = ["zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf"];

/** Every sentence of the page in French. */
export function frenchMessages(f: Formats): Messages {
  const some = (count: number, one: string, many: string) => `${f.whole(count)} ${count < 2 ? one : many}`;
  const photos = (count: number) => some(count, "photo", "photos");
  const items = (count: number) => some(count, "objet", "objets");
  const trips = (count: number) => `${NUMBERS[count] ?? f.whole(count)} ${count < 2 ? "voyage" : "voyages"}`;
  const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
  return {
    skip: "Aller au contenu",
    colon: fr` : `,
    nav: {
      pages: "Pages",
      moves: "Déménagements",
      language: "Langue",
      theme: "Changer de thème",
      account: "Compte",
      signOut: "Se déconnecter",
    },
    count: {
      photos,
      items,
      rooms: (count) => some(count, "pièce", "pièces"),
      batches: (count) => some(count, "lot", "lots"),
    },
    status: {
      QUEUED: "En attente",
      PROCESSING: "En cours",
      COMPLETED: "Terminé",
      PARTIAL: "Partiel",
      FAILED: "Échoué",
      CANCELLING: "Annulation",
      CANCELLED: "Annulé",
      paused: "En pause",
    },
    photo: { PENDING: "En attente", PROCESSING: "Analyse en cours", DONE: "Analysée", ERROR: "Échec" },
    counts: {
      title: "Filtrer les photos",
      queued: "En attente",
      processing: "En cours",
      completed: "Réussis",
      failed: "Échoués",
    },
    live: {
      connecting: "Connexion…",
      live: "Temps réel actif",
      retrying: (attempt, of) => `Reconnexion… essai ${attempt} sur ${of}`,
      reconnecting: "Reconnexion…",
      lost: "Connexion perdue",
      offline: "Hors ligne",
      ended: "Suivi terminé",
    },
    batch: {
      name: (time) => `Lot du ${f.moment(time)}`,
      running: "Traitement du lot",
      finished: "Lot terminé",
      failed: "Lot échoué",
      cancelled: "Lot annulé",
      of: (done, total) => `${f.whole(done)}/${some(total, "photo", "photos")}`,
      spoken: (progress, done, total) => `${f.percent(progress)}, ${photos(done)} sur ${f.whole(total)}`,
      loading: "Chargement",
      noteQueued: fr`Les photos attendent un ouvrier libre.`,
      noteRunning: fr`Vous pouvez fermer cette page : le travail continue.`,
      notePaused: fr`En pause. Les photos en cours vont à leur terme.`,
      noteCancelling: (count) =>
        count
          ? fr`${photos(count)} en cours ${count < 2 ? "va à son" : "vont à leur"} terme.`
          : fr`Les dernières photos vont à leur terme.`,
      noteFinished: (time, seconds) => fr`Terminé à ${f.hour(time)}, en ${f.duration(seconds)}`,
      noteCancelled: (time, done) =>
        fr`Annulé à ${f.hour(time)}. ${photos(done)} ${done < 2 ? "reste comptée" : "restent comptées"}.`,
      noteStale: (time) => fr`État de ${f.clock(time)}`,
    },
    act: {
      pause: "Pause",
      resume: "Reprendre",
      cancelBatch: "Annuler le lot",
      deleteBatch: "Supprimer le lot",
      more: "Autres actions",
      retry: "Réessayer",
      retryOf: (name) => fr`Réessayer : ${name}`,
      retryFailed: (count) => (count < 2 ? fr`Réessayer l'échec` : "Réessayer les échecs"),
      retryAll: "Tout réessayer",
      addPhotos: "Ajouter des photos",
      seeMove: "Voir tout le déménagement",
      reconnect: "Se reconnecter",
      tryNow: "Essayer maintenant",
      signIn: "Se connecter",
      seeMoves: "Voir vos déménagements",
      close: "Fermer",
      failedToAct: fr`Cela n'a pas fonctionné. Réessayez.`,
    },
    photos: {
      title: "Photos",
      list: "Liste",
      grid: "Grille",
      view: "Affichage des photos",
      none: {
        completed: "Aucune photo analysée pour le moment.",
        failed: "Aucune photo en échec. Tant mieux.",
        processing: fr`Aucune photo en cours d'analyse.`,
        queued: "Aucune photo en attente.",
      },
      all: "Afficher toutes les photos",
      previous: "Photo précédente",
      next: "Photo suivante",
      close: "Fermer la photo",
      open: (name) => `Ouvrir ${name}`,
      choose: fr`Choisissez une photo pour la voir ici.`,
      emptyTitle: "Aucun meuble sur cette photo",
      emptyText: fr`C'est normal pour une pièce vide.`,
      waitingText: fr`Cette photo n'a pas encore été regardée.`,
      workingText: fr`Cette photo est en cours d'analyse.`,
      picture: (name) => `Photo ${name}`,
    },
    items: {
      item: "Objet",
      count: "Nombre",
      volume: "Volume",
      confidence: "Confiance",
      sure: "Sûre",
      check: "À vérifier",
      proposed: "Proposé",
      mine: "Corrigé",
      total: "Total",
      range: "Fourchette",
      failed: fr`Les objets de cette photo n'ont pas pu être lus.`,
    },
    inventory: {
      soFar: "Inventaire en cours",
      title: "Inventaire",
      volume: "Volume à déménager",
      provisional: (count) => fr`Provisoire : il reste ${photos(count)} à compter.`,
      nothing: "Le volume apparaît avec la première photo comptée.",
      counted: (count) => `${photos(count)} ${count < 2 ? "comptée" : "comptées"}`,
      left: (count) => fr`${photos(count)} non ${count < 2 ? "analysée" : "analysées"}.`,
      atLeast: (volume) => `au moins ${f.roughly(volume)}`,
      atMost: (volume) => `au plus ${f.roughly(volume)}`,
      between: (low, high) => `de ${f.volume(low).replace(/\s*m³$/, "")} à ${f.volume(high)}`,
      byRoom: "Par pièce",
      also: (volume) =>
        fr`De telles pièces contiennent d'habitude ${f.roughly(volume)} de plus, qu'aucune photo ne montre ; ce n'est dans aucun total.`,
      noItems: "Aucun meuble trouvé dans cette pièce.",
    },
    truck: {
      fits: (size) => fr`Tient pour l'instant dans un camion de ${f.truck(size)}, avec 15 % de marge de chargement.`,
      tripsSoFar: (count, size) =>
        fr`${capital(trips(count))} de ${f.truck(size)} pour l'instant, avec 15 % de marge de chargement.`,
      advised: (size) => `Camion de ${f.truck(size)} conseillé`,
      trips: (count, size) => `${capital(trips(count))} de ${f.truck(size)} conseillés`,
      typical: "Volume courant",
      margin: fr`Marge de chargement, 15 %`,
      load: "À charger",
      other: (count, size) => fr`Autre choix : ${trips(count)} de ${f.truck(size)}.`,
    },
    room: {
      living_room: "Salon",
      dining_room: "Salle à manger",
      kitchen: "Cuisine",
      bedroom: "Chambre",
      office: "Bureau",
      hall: "Entrée",
      garage: "Garage",
      bathroom: "Salle de bain",
      other: "Autre",
      unknown: "Pièce inconnue",
    },
    say: {
      start: (total) => fr`Suivi en direct. ${photos(total)} à traiter.`,
      firstFailure: (name, reason) => fr`Une photo a échoué : ${name}, ${reason}.`,
      failures: (count) => `${photos(count)} en échec.`,
      paused: "Lot en pause.",
      resumed: "Le traitement reprend.",
      cancelling: fr`Annulation du lot en cours.`,
      cancelled: "Lot annulé.",
      interrupted: "Connexion interrompue, nouvel essai.",
      following: "Suivi rétabli.",
      lost: "Connexion perdue.",
      finished: (done, failed, things, volume) => {
        const good = `${photos(done)} ${done < 2 ? "réussie" : "réussies"}`;
        const bad = failed ? `, ${f.whole(failed)} ${failed < 2 ? "échouée" : "échouées"}. ` : ", ";
        return fr`Lot terminé : ${good}${bad}${items(things)}, ${f.headline(volume)} mètres cubes.`;
      },
    },
    trouble: {
      lost: {
        title: "Connexion perdue",
        text: (time) =>
          fr`Le traitement continue sur le serveur.${time === null ? "" : ` Cette page montre l’état de ${f.clock(time)}.`}`,
      },
      offline: {
        title: "Vous êtes hors ligne",
        text: "Le suivi reprend dès que le réseau revient. Les photos déjà envoyées sont en sécurité.",
      },
      session: {
        title: "Votre session est terminée",
        text: fr`Connectez-vous pour reprendre le suivi. Rien n'est perdu.`,
      },
      gone: {
        title: fr`Ce lot n'existe pas, ou n'est pas à vous`,
        text: "Il a peut-être été supprimé. Vos autres lots sont intacts.",
      },
      moveGone: {
        title: fr`Ce déménagement n'existe pas, ou n'est pas à vous`,
        text: "Vos autres déménagements sont intacts.",
      },
      tooMany: {
        title: "Trop de suivis ouverts",
        text: (seconds) =>
          fr`Trop de suivis sont ouverts avec ce compte. Fermez un onglet : celui-ci reprend seul dans ${seconds} s.`,
      },
      busy: {
        title: "Le service est très demandé",
        text: (seconds) => fr`Nouvel essai dans ${seconds} s. Le traitement continue.`,
      },
      closed: {
        title: "Le suivi a été fermé par un opérateur",
        text: "Le traitement continue. Vous pouvez vous reconnecter.",
      },
      other: { title: fr`Cela n'a pas fonctionné`, text: "Réessayez dans un instant." },
      nothing: { title: fr`Il n'y a rien ici`, text: "Cette adresse ne mène à aucune page de Roomtally." },
      allFailed: {
        title: fr`Aucune photo n'a pu être comptée`,
        text: (count) =>
          count < 2
            ? fr`Vérifiez qu'il s'agit bien d'une photo JPEG, PNG, WebP ou HEIC, puis réessayez.`
            : fr`Aucune des ${photos(count)} n'a pu être lue. Vérifiez qu'il s'agit bien de photos JPEG, PNG, WebP ou HEIC, puis réessayez.`,
      },
      someFailed: (count) =>
        count < 2 ? fr`1 photo n'a pas pu être comptée` : fr`${photos(count)} n'ont pas pu être comptées`,
      someFailedText: fr`Les autres photos sont comptées. Filtrez par Échoués pour savoir pourquoi.`,
    },
    ask: {
      cancel: {
        title: fr`Annuler ce lot ?`,
        text: (done, left) =>
          done < 2
            ? fr`${done ? "La photo traitée est gardée" : "Aucune photo n’est traitée"}, ${left < 2 ? "l’autre ne sera pas analysée" : `les ${f.whole(left)} autres ne seront pas analysées`}.`
            : fr`Les ${photos(done)} traitées sont gardées, ${left < 2 ? "l’autre ne sera pas analysée" : `les ${f.whole(left)} autres ne seront pas analysées`}.`,
        yes: "Annuler le lot",
        no: "Continuer",
      },
      remove: {
        title: fr`Supprimer ce lot ?`,
        text: (total) =>
          total < 2
            ? fr`La photo et l'inventaire seront effacés.`
            : fr`Les ${photos(total)} et l'inventaire seront effacés.`,
        yes: "Supprimer",
        no: "Garder",
      },
    },
    login: {
      title: "Se connecter",
      text: fr`L'inventaire de votre déménagement, à partir de photos.`,
      email: "Adresse e-mail",
      password: "Mot de passe",
      show: "Afficher le mot de passe",
      hide: "Masquer le mot de passe",
      submit: "Se connecter",
      busy: "Connexion…",
      wrong: "Adresse ou mot de passe inexact.",
      wait: (seconds) => fr`Trop d'essais. Réessayez dans ${f.duration(seconds)}.`,
      failed: "Le service ne répond pas. Réessayez dans un instant.",
      line1: "Photographiez chaque pièce.",
      line2: "Le volume se compte sous vos yeux.",
      sofa: "Canapé 3 places",
      armchair: "Fauteuil",
      lamp: "Lampe",
    },
    home: {
      title: "Vos déménagements",
      newMove: "Nouveau déménagement",
      newMoveName: "Nom du déménagement",
      newMoveHint: fr`Par exemple : Rue des Lilas → Nantes`,
      create: "Créer",
      cancel: "Annuler",
      firstTitle: "Votre premier déménagement",
      firstText: fr`Donnez-lui un nom, puis déposez les photos d'une pièce.`,
      noBatch: "Aucun lot",
      emptyMove: fr`Envoyez les photos d'une première pièce : le volume apparaît ici, photo après photo.`,
      more: "Afficher la suite",
      loading: "Chargement de vos déménagements",
    },
    upload: {
      title: "Nouveau lot de photos",
      move: "Déménagement",
      drop: "Déposez vos photos ici",
      dropNow: "Lâchez pour les ajouter",
      hint: fr`Une ou deux vues par pièce suffisent, toute la pièce dans l'image.`,
      pick: "Choisir des photos",
      camera: "Prendre une photo",
      limits: fr`JPEG, PNG, WebP, HEIC · 25 Mio par photo · 200 photos`,
      waiting: "en attente",
      sent: "envoyée",
      sentOf: (sent, total) => `${photos(sent)} sur ${f.whole(total)} ${sent < 2 ? "envoyée" : "envoyées"}`,
      bytesOf: (sent, total) => `${f.megabytes(sent).replace(/\s*Mo$/, "")} sur ${f.megabytes(total)}`,
      progressOf: (name) => fr`Envoi : ${name}`,
      cut: (percent) => fr`Réseau coupé à ${f.percent(percent)}`,
      failed: fr`N'a pas pu être envoyée`,
      cutAgain: (percent, seconds) => fr`Réseau coupé à ${f.percent(percent)}. Reprise dans ${seconds} s`,
      again: "Renvoyer",
      againOf: (name) => fr`Renvoyer maintenant : ${name}`,
      remove: (name) => fr`Retirer : ${name}`,
      stop: (name) => fr`Arrêter l'envoi : ${name}`,
      tooLarge: (bytes) => fr`Refusée : ${f.megabytes(bytes)}, la limite est de 25 Mio`,
      tooMany: fr`Refusée : un lot compte 200 photos au plus`,
      empty: fr`Refusée : le fichier est vide`,
      type: fr`Refusée : ni JPEG, ni PNG, ni WebP, ni HEIC`,
      quota: fr`Refusée : vos photos n'ont plus de place. Supprimez d'anciens lots`,
      clear: "Annuler",
      analyse: "Analyser",
      whenReady: "Analyser dès que prêt",
      starting: "Démarrage…",
      needsMove: fr`Nommez d'abord le déménagement`,
      autoStart: (count) =>
        count < 2
          ? fr`L'analyse démarre quand la photo est envoyée.`
          : fr`L'analyse démarre quand les ${photos(count)} sont envoyées.`,
      willStart: fr`L'analyse démarre seule, cette page reste utilisable.`,
      notMade: fr`Le lot n'a pas pu être créé. Vos photos sont en sécurité : réessayez.`,
    },
    project: {
      batches: "Lots de ce déménagement",
      nothing: fr`Rien n'est encore compté`,
      nothingText: fr`Envoyez les photos d'une première pièce : le volume apparaît ici, photo après photo.`,
      loading: fr`Chargement de l'inventaire`,
      sum: "Tous les lots du déménagement ensemble.",
    },
    developer: {
      title: "Développeur",
      events: "Événements bruts",
      latency: "Latence",
      none: fr`Pas encore d'événement.`,
      median: "médiane",
      worst: "pire",
      samples: (count) => some(count, "mesure", "mesures"),
      clear: "Vider",
      transport: "Connexion",
    },
    modal: { title: "Avancement du lot" },
  };
}
