//! The settings: each is an option `--os-NAME`, a variable `OS_NAME` and a key of `clouds.yaml`.

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command, ValueHint};

/// Something to know of who somebody is, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setting {
    Cloud,
    AuthUrl,
    AuthType,
    Username,
    UserId,
    Password,
    UserDomainName,
    UserDomainId,
    ProjectName,
    ProjectId,
    ProjectDomainName,
    ProjectDomainId,
    DomainName,
    DomainId,
    SystemScope,
    Token,
    ApplicationCredentialId,
    ApplicationCredentialName,
    ApplicationCredentialSecret,
    Region,
    Interface,
    IdentityApiVersion,
    CaCert,
    Insecure,
}

/// What the command line says.
#[derive(Clone, Default)]
pub(crate) struct Given {
    pub(crate) settings: Vec<(Setting, String)>,
}

impl Setting {
    pub(crate) const ALL: [Self; 24] = [
        Self::Cloud,
        Self::AuthUrl,
        Self::AuthType,
        Self::Username,
        Self::UserId,
        Self::Password,
        Self::UserDomainName,
        Self::UserDomainId,
        Self::ProjectName,
        Self::ProjectId,
        Self::ProjectDomainName,
        Self::ProjectDomainId,
        Self::DomainName,
        Self::DomainId,
        Self::SystemScope,
        Self::Token,
        Self::ApplicationCredentialId,
        Self::ApplicationCredentialName,
        Self::ApplicationCredentialSecret,
        Self::Region,
        Self::Interface,
        Self::IdentityApiVersion,
        Self::CaCert,
        Self::Insecure,
    ];

    /// The key in `clouds.yaml`; the option and the variable are made from it.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Cloud => "cloud",
            Self::AuthUrl => "auth_url",
            Self::AuthType => "auth_type",
            Self::Username => "username",
            Self::UserId => "user_id",
            Self::Password => "password",
            Self::UserDomainName => "user_domain_name",
            Self::UserDomainId => "user_domain_id",
            Self::ProjectName => "project_name",
            Self::ProjectId => "project_id",
            Self::ProjectDomainName => "project_domain_name",
            Self::ProjectDomainId => "project_domain_id",
            Self::DomainName => "domain_name",
            Self::DomainId => "domain_id",
            Self::SystemScope => "system_scope",
            Self::Token => "token",
            Self::ApplicationCredentialId => "application_credential_id",
            Self::ApplicationCredentialName => "application_credential_name",
            Self::ApplicationCredentialSecret => "application_credential_secret",
            Self::Region => "region_name",
            Self::Interface => "interface",
            Self::IdentityApiVersion => "identity_api_version",
            Self::CaCert => "cacert",
            Self::Insecure => "insecure",
        }
    }

    const fn help(self) -> &'static str {
        match self {
            Self::Cloud => "Cloud of clouds.yaml to work with",
            Self::AuthUrl => "URL of the Identity API",
            Self::AuthType => "How to prove who you are: password, token or v3applicationcredential",
            Self::Username => "Name of the user",
            Self::UserId => "ID of the user",
            Self::Password => {
                "Password of the user; OS_PASSWORD or secure.yaml keep it from other users of this machine"
            }
            Self::UserDomainName => "Name of the user's domain",
            Self::UserDomainId => "ID of the user's domain",
            Self::ProjectName => "Name of the project to act in",
            Self::ProjectId => "ID of the project to act in",
            Self::ProjectDomainName => "Name of the project's domain",
            Self::ProjectDomainId => "ID of the project's domain",
            Self::DomainName => "Name of the domain to act in",
            Self::DomainId => "ID of the domain to act in",
            Self::SystemScope => "Act in the system as a whole: all",
            Self::Token => "Token, with --os-auth-type token",
            Self::ApplicationCredentialId => "ID of an application credential",
            Self::ApplicationCredentialName => "Name of an application credential, beside its user",
            Self::ApplicationCredentialSecret => "Secret of an application credential",
            Self::Region => "Region of the catalog",
            Self::Interface => "Interface of the catalog: public, internal or admin",
            Self::IdentityApiVersion => "Version of the Identity API: 3 is the only one",
            Self::CaCert => "File of the certificates to trust, in PEM form",
            Self::Insecure => "Trust any certificate: whoever sits between can read and change everything",
        }
    }

    /// Settings that say the same thing in two ways: one of them is enough.
    pub(crate) const fn slot(self) -> &'static str {
        match self {
            Self::UserId => "username",
            Self::UserDomainId => "user_domain_name",
            Self::ProjectId => "project_name",
            Self::ProjectDomainId => "project_domain_name",
            Self::DomainId => "domain_name",
            Self::ApplicationCredentialName => "application_credential_id",
            Self::Cloud
            | Self::AuthUrl
            | Self::AuthType
            | Self::Username
            | Self::Password
            | Self::UserDomainName
            | Self::ProjectName
            | Self::ProjectDomainName
            | Self::DomainName
            | Self::SystemScope
            | Self::Token
            | Self::ApplicationCredentialId
            | Self::ApplicationCredentialSecret
            | Self::Region
            | Self::Interface
            | Self::IdentityApiVersion
            | Self::CaCert
            | Self::Insecure => self.key(),
        }
    }

    /// Whether its variable is taken beside a cloud that the command line names.
    pub(crate) fn fills_in(self) -> bool {
        matches!(self, Self::Password | Self::Token | Self::ApplicationCredentialSecret | Self::CaCert)
    }

    /// Other words for the same thing, in files and variables.
    pub(crate) const fn alias(self) -> Option<&'static str> {
        match self {
            Self::ProjectName => Some("tenant_name"),
            Self::ProjectId => Some("tenant_id"),
            Self::Interface => Some("endpoint_type"),
            Self::Cloud
            | Self::AuthUrl
            | Self::AuthType
            | Self::Username
            | Self::UserId
            | Self::Password
            | Self::UserDomainName
            | Self::UserDomainId
            | Self::ProjectDomainName
            | Self::ProjectDomainId
            | Self::DomainName
            | Self::DomainId
            | Self::SystemScope
            | Self::Token
            | Self::ApplicationCredentialId
            | Self::ApplicationCredentialName
            | Self::ApplicationCredentialSecret
            | Self::Region
            | Self::IdentityApiVersion
            | Self::CaCert
            | Self::Insecure => None,
        }
    }

    /// The name of its variable.
    pub(crate) fn variable_name(self) -> String {
        format!("OS_{}", self.key().to_uppercase())
    }

    /// The value of its variable. One that is empty is not set, as with other clients.
    pub(crate) fn variable(self, variable: &dyn Fn(&str) -> Option<String>) -> Option<String> {
        if self == Self::Cloud {
            return None;
        }
        let by_alias = || variable(&format!("OS_{}", self.alias()?.to_uppercase()));
        let value = variable(&self.variable_name()).or_else(by_alias).filter(|value| !value.is_empty())?;
        // `OS_INSECURE=false` says that certificates count.
        Some(if self == Self::Insecure { truth(&value).to_owned() } else { value })
    }

    /// Its option.
    fn arg(self) -> Arg {
        let arg = Arg::new(self.option())
            .long(self.option())
            .help(self.help())
            .help_heading("Who and where")
            .hide_short_help(self != Self::Cloud);
        if self == Self::Insecure {
            return arg.action(ArgAction::SetTrue);
        }
        // Shells complete files for what they know nothing of.
        let hint = if self == Self::CaCert { ValueHint::FilePath } else { ValueHint::Other };
        arg.value_name(self.key().to_uppercase()).num_args(1).value_hint(hint)
    }

    /// The name of its option.
    pub(crate) fn option(self) -> String {
        if self == Self::Insecure {
            "insecure".to_owned()
        } else {
            format!("os-{}", self.key().replace('_', "-"))
        }
    }
}

/// Adds the options to a command and to all below it.
pub(crate) fn add(command: Command) -> Command {
    command.args(Setting::ALL.map(|setting| setting.arg().global(true)))
}

/// Adds the options to a command alone.
pub(crate) fn add_here(command: Command) -> Command {
    command.args(Setting::ALL.map(Setting::arg))
}

/// What the command line says. Options before the noun and after it count the same.
pub(crate) fn given(matches: &ArgMatches) -> Given {
    let mut given = Given::default();
    for setting in Setting::ALL {
        let option = setting.option();
        if matches.value_source(&option) != Some(ValueSource::CommandLine) {
            continue;
        }
        let value = if setting == Setting::Insecure {
            Some("true".to_owned())
        } else {
            matches.get_one::<String>(&option).cloned()
        };
        given.settings.extend(value.map(|value| (setting, value)));
    }
    given
}

/// `true` or `false`, of what people write for them.
pub(crate) fn truth(value: &str) -> &'static str {
    let is_false = ["", "0", "f", "false", "n", "no", "off"].contains(&value.to_lowercase().as_str());
    if is_false { "false" } else { "true" }
}
