import type { Counting, englishPages } from "./en.pages";
import type { Formats } from "./format";
import { fr } from "./typography";

export function frenchPages(f: Formats, { some, photos }: Counting): ReturnType<typeof englishPages> {
  return {
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
