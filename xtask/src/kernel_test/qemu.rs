//! QEMU with the distribution's own kernel, whose package is fetched and unpacked beside, not installed. It is slower to
//! have than User Mode Linux, and a kernel as gateways run it: with all of nftables.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::guest::{MEMORY_MIB, Machine, write_program};
use crate::{tool, unpacked};

const PROGRAM: &str = "qemu-system-x86_64";
/// The package that stands for the distribution's newest kernel.
const NEWEST: &str = "linux-image-amd64";
/// The guest's first process.
const INIT: &str = include_str!("qemu-init.sh");
/// What it takes to get at the host's files.
const FIRST_MODULES: [&str; 4] = ["virtio_pci", "9pnet_virtio", "9p", "overlay"];
/// Most of a kernel's package is drivers of devices that the guest does not have.
const SPARED: [&str; 9] = [
    "*/drivers/gpu",
    "*/drivers/infiniband",
    "*/drivers/media",
    "*/drivers/net/ethernet",
    "*/drivers/net/wireless",
    "*/drivers/scsi",
    "*/drivers/staging",
    "*/drivers/usb",
    "*/sound",
];

/// A kernel to boot.
#[derive(Debug)]
pub(super) struct Qemu {
    /// Where packages are unpacked.
    root: PathBuf,
    version: String,
}

impl Qemu {
    /// Fetches the kernel if need be. The error says what is missing.
    pub(super) fn installed() -> Result<Self> {
        ensure!(tool::is_there(PROGRAM), "`{PROGRAM}` is missing: install the package qemu-system-x86");
        let depends = tool::output(Command::new("apt-cache").args(["depends", "--important", NEWEST]));
        let depends = depends.with_context(|| format!("this distribution has no package {NEWEST}"))?;
        let package = depends.lines().filter_map(|line| line.trim().strip_prefix("Depends: ")).next();
        let package = package.with_context(|| format!("the package {NEWEST} stands for no kernel"))?;
        let root = tool::target_dir()?.join("kernel-test").join(package);
        if !root.exists() {
            fetch(package, &root).with_context(|| format!("the kernel's package {package}"))?;
        }
        let version = package.trim_start_matches("linux-image-").to_owned();
        Ok(Self { root, version })
    }

    fn busybox(&self) -> PathBuf {
        self.root.join("bin/busybox")
    }

    /// The files that modules are in, each after those that it needs.
    fn first_modules(&self) -> Result<Vec<PathBuf>> {
        let mut files = Vec::new();
        for module in FIRST_MODULES {
            let mut modprobe = Command::new("modprobe");
            modprobe.arg("--dirname").arg(&self.root).args(["--set-version", &self.version]);
            let steps = tool::output(modprobe.args(["--show-depends", module]));
            let steps = steps.with_context(|| format!("the kernel has no module {module}"))?;
            for file in steps.lines().filter_map(|step| step.strip_prefix("insmod ")) {
                let file = PathBuf::from(file.trim());
                if !files.contains(&file) {
                    files.push(file);
                }
            }
        }
        Ok(files)
    }

    /// The file system that the guest has before it has the host's.
    fn initial_files(&self, share: &Path) -> Result<PathBuf> {
        let folder = share.join("initial");
        for part in ["bin", "modules"] {
            fs::create_dir_all(folder.join(part)).context("cannot make a folder")?;
        }
        fs::copy(self.busybox(), folder.join("bin/busybox")).context("cannot copy busybox")?;
        for (number, module) in (10..).zip(self.first_modules()?) {
            fs::copy(&module, folder.join(format!("modules/{number}.ko")))
                .with_context(|| format!("cannot copy {}", module.display()))?;
        }
        write_program(&folder.join("init"), INIT)?;
        let archive = share.join("initial.cpio");
        let mut pack = Command::new("sh");
        pack.args(["-c", "find . | \"$0\" cpio -o -H newc >\"$1\" 2>/dev/null"]);
        tool::run(pack.arg(self.busybox()).arg(&archive).current_dir(&folder))?;
        Ok(archive)
    }
}

impl Machine for Qemu {
    fn name(&self) -> &'static str {
        "qemu"
    }

    fn modules(&self) -> PathBuf {
        self.root.join("lib/modules")
    }

    fn boot(&self, share: &Path) -> Result<Command> {
        let mut command = Command::new(PROGRAM);
        // Not by KVM: inside of another guest, where tests often run, it may hang or abort.
        command.args(["-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2"]);
        command.args(["-m", &MEMORY_MIB.to_string(), "-display", "none", "-nodefaults", "-serial", "stdio"]);
        command.args(["-no-reboot", "-device", "virtio-rng-pci"]);
        command.arg("-kernel").arg(self.root.join("boot").join(format!("vmlinuz-{}", self.version)));
        command.arg("-initrd").arg(self.initial_files(share)?);
        for (tag, path, how) in
            [("host", Path::new("/"), ",readonly=on,multidevs=remap"), ("share", share, "")]
        {
            // A comma in a value is written twice.
            let path = path.display().to_string().replace(',', ",,");
            command.arg("-fsdev").arg(format!("local,id={tag},path={path},security_model=none{how}"));
            command.arg("-device").arg(format!("virtio-9p-pci,fsdev={tag},mount_tag={tag}"));
        }
        Ok(command)
    }

    /// What the kernel does not know goes to the first process, as its environment.
    fn pass(&self, command: &mut Command, assignments: &[String]) {
        let own = "console=ttyS0 quiet panic=-1 mitigations=off";
        command.arg("-append").arg(format!("{own} {}", assignments.join(" ")));
    }
}

/// Unpacks the kernel and a busybox.
fn fetch(package: &str, root: &Path) -> Result<()> {
    let version = package.trim_start_matches("linux-image-");
    unpacked::fetch(&[package, "busybox-static"], &SPARED, root, |root| {
        tool::run(Command::new("depmod").arg("--basedir").arg(root).arg(version))
    })
}
